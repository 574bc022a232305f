// SPDX-License-Identifier: Apache-2.0
//
// Exports as C++ functions with their own types: docs/guides/types.md.

#include <boost/describe.hpp>
#include <holdfast/holdfast.hpp>
#include <variant>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

// [described]
// record receipt { serial: u64, id: u64, total: u64 }
struct receipt {
  std::uint64_t serial, id, total;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (serial, id, total))

// enum color { red, green, blue } and flags rights { read, write, run }
enum class color { red, green, blue };
BOOST_DESCRIBE_ENUM(color, red, green, blue)
enum class right { read, write, run };
BOOST_DESCRIBE_ENUM(right, read, write, run)

// variant order-error { unknown-item(string), too-many(u32) }
using order_error = std::variant<std::string, std::uint32_t>;
using placed = hf::wit::expected<receipt, order_error>;  // result<receipt, order-error>
// [/described]

// [representation]
struct isbn {
  std::string digits;
};
template <>
struct holdfast::wit::representation<isbn> {
  using type = std::string;  // what it crosses as
  static std::string to_wit(const isbn& of) { return of.digits; }
  static isbn from_wit(std::string text) { return {std::move(text)}; }
};
// [/representation]

namespace {

void page() {
  const hf::engine engine;
  hf::host host(engine);
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  const hf::pool shop = host.open(orders).value();
  // [function]
  const auto place = shop.function<placed(std::uint64_t, std::string, std::uint32_t)>("place").value();
  const hf::typed_reply<placed> bought = place.call({.wait = 2s}, 17, "book", 2);
  if (bought && bought->has_value()) must((*bought)->total == 2500);
  if (bought && !bought->has_value())
    must(bought->error().index() < 2);  // an error of the guest's is a value
  // [/function]
  must(bought && bought->has_value());

  // [mismatch]
  const auto wrong = shop.function<placed(std::uint64_t, std::string, std::string)>("place");
  must(wrong.error().message() ==
       "`place`: parameter 3 (quantity): the component has u32, the call gives std::string");
  // [/mismatch]

  const hf::pool kinds = host.open(hf::component::load(engine, "kinds.wasm").value()).value();
  // [kinds]
  const auto paint = kinds.function<color(color)>("echo-color").value();
  must(*paint(color::green) == color::green);
  const auto name = kinds.function<isbn(isbn)>("echo-string").value();
  must(name(isbn{"978-0"})->digits == "978-0");
  // [/kinds]
  const auto allow = kinds.function<hf::wit::flags<right>(hf::wit::flags<right>)>("echo-rights").value();
  must(allow(hf::wit::flags<right>(right::run))->has(right::run));

  // [dynamic]
  const hf::reply told = shop.call("place", hf::args(18U, "spoon", 1U));  // types from the component
  const auto& answer = told.value->get<hf::wit::result_value>();
  must(!answer.is_ok());
  // [/dynamic]

  // [wave]
  const hf::wit::function* const sells = orders.world().find_export("place").value();
  must(hf::wit::to_wave(*sells->result, *told.value).value() == R"(err(unknown-item("spoon")))");
  const hf::wit::value two = hf::wit::parse_wave(sells->params[2].type, "2").value();
  must(hf::wit::parse_wave(sells->params[2].type, "-2").error().code == hf::errc::bad_arguments);
  // [/wave]
  must(shop.call("place", hf::args(19U, "book", two)).outcome == hf::outcome::completed);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
