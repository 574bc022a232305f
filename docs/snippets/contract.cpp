// SPDX-License-Identifier: Apache-2.0
//
// What a component's marks allow: docs/cancel-contract.md and docs/guides/idempotent-interfaces.md.

#include <fstream>
#include <holdfast/holdfast.hpp>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

void marks(const hf::engine& engine) {
  // [marks]
  const hf::component app = hf::component::load(engine, "app.wasm", {.contract = {.wit = "wit"}}).value();
  const hf::wit::function* stock = app.world().find_export("stock").value();
  const bool may_run_twice = stock->contract.retry_safe();
  // [/marks]
  must(may_run_twice && stock->contract.has(hf::cancel_mark::read_only));
}

void retries(const hf::engine& engine) {
  std::ofstream("orders.holdfast.json") << R"({"exports": {"count": ["read-only"], "trap": ["idempotent"]}})";
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  hf::host host(engine);
  // [retry]
  hf::pool_options options;
  options.retry = {.attempts = 3, .base = 10ms, .max = 200ms};
  const hf::pool shop = host.open(orders, options).value();
  const hf::reply told = shop.call("trap", hf::args(1U));  // marked `idempotent`, and it always traps
  // [/retry]
  must(told.outcome == hf::outcome::trapped && told.attempts == 3);
  // Without a mark it runs once, whatever the policy says.
  must(shop.call("spin", hf::args(2U), {.run_limit = 50ms}).attempts == 1);
}

void keys(const hf::engine& engine) {
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  hf::host host(engine);
  const hf::pool shop = host.open(orders).value();
  // [keys]
  const hf::reply first = shop.call("place", hf::args(17U, "book", 2U), {.key = "order-17"});
  const hf::reply again = shop.call("place", hf::args(17U, "book", 2U), {.key = "order-17"});
  const hf::reply other = shop.call("place", hf::args(17U, "pen", 9U), {.key = "order-17"});
  must(again.id == first.id && again.value == first.value);  // one call
  must(other.code == hf::errc::key_conflict);                // another request
  // [/keys]
  must(shop.call("count", {}).value->get<std::uint64_t>() == 1);
}

void page() {
  std::ofstream("app.wasm") << R"((component (core module $m (func (export "stock") (result i32) i32.const 7))
    (core instance $i (instantiate $m)) (func (export "stock") (result u32) (canon lift (core func $i "stock")))))";
  std::filesystem::create_directory("wit");
  std::ofstream("wit/world.wit") << "package acme:shop;\nworld app {\n  /// The stock.\n"
                                    "  /// @holdfast: read-only\n  export stock: func() -> u32;\n}\n";
  const hf::engine engine;
  marks(engine);
  retries(engine);
  keys(engine);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
