// SPDX-License-Identifier: Apache-2.0
//
// A query that calls strangers' functions for each row: a bad row is an error in its place, not the end of
// the query. query_udf COMPONENT, such as build/release/guests/orders.wasm.

#include <boost/describe.hpp>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace hf = holdfast;

// The records and variants of the component's WIT.
struct receipt {
  std::uint64_t serial, id, total;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (serial, id, total))
using order_error = std::variant<std::string, std::uint32_t>;  // unknown-item(string), too-many(u32)
using priced = hf::wit::expected<receipt, order_error>;

struct row {
  std::uint64_t id;
  std::string item;
  std::uint32_t quantity, effort;
};

// A column's value, or why there is none.
using cell = hf::wit::expected<std::uint64_t, std::string>;

// Such as text that is not UTF-8, which never reached the guest, or that it was cut or trapped.
auto why(const hf::reply& told) { return hf::wit::err(hf::error(told.code, told.detail).message()); }

cell price_of(const hf::typed_reply<priced>& told) {
  if (!told) return why(told);
  if (told->has_value()) return hf::wit::ok((*told)->total);
  const bool unknown = told->error().index() == 0;  // an error of the function's is a value
  return hf::wit::err(unknown ? "no such item" : "too many");
}

cell score_of(const hf::typed_reply<receipt>& told) {
  if (!told) return why(told);
  return hf::wit::ok(told->total);
}

std::ostream& operator<<(std::ostream& out, const cell& what) {
  return what ? out << *what : out << "NULL (" << what.error() << ")";
}

int main(int argc, char** argv) try {
  const hf::engine engine;
  const hf::component code = hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm").value();
  hf::host host(engine);
  hf::pool_options options;
  options.brief = {"place", "place-slowly"};  // a row has one slice, some milliseconds; that costs the least
  const hf::pool functions = host.open(code, options).value();

  const std::vector<row> rows{
      {1, "book", 2, 10}, {2, "spoon", 1, 10},  {3, "lamp", 1, 4'000'000'000},  // an hour or so
      {4, "\xff", 1, 10}, {5, "pen", 5000, 10}, {6, "map", 1, 10}};
  // [query]
  // SELECT id, price(id, item, quantity), score(id, effort) FROM rows
  const auto price =
      functions.function<priced(std::uint64_t, std::string_view, std::uint32_t)>("place").value();
  const auto score = functions.function<receipt(std::uint64_t, std::uint32_t)>("place-slowly").value();
  for (const row& each : rows) {
    // Runs on this thread. A row that was cut or trapped cost its instance, and the next row has a new one.
    std::cout << each.id << " | " << price_of(price(each.id, each.item, each.quantity)) << " | "
              << score_of(score(each.id, each.effort)) << "\n";
  }
  // [/query]
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
