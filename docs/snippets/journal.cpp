// SPDX-License-Identifier: Apache-2.0
//
// Keys that outlive the process: README.md, docs/journal.md and docs/guides/idempotent-interfaces.md.

#include <holdfast/holdfast.hpp>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

void shortest(const hf::engine& engine) {
  // [host]
  hf::host host(engine, {.journal = hf::open_journal("calls.journal").value()});
  // [/host]
}

hf::reply buy(const hf::engine& engine, const hf::component& orders) {
  // [journal]
  hf::host host(engine, {.keys = {.count = 1'000'000, .time = 24h},
                         .journal = hf::open_journal("calls.journal").value()});
  hf::pool_options options;
  options.name = "shop";  // a key is one within the name of its pool and its export
  const hf::pool shop = host.open(orders, options).value();
  const hf::reply bought = shop.call("place", hf::args(17U, "book", 2U), {.key = "order-17"});
  // [/journal]
  must(shop.call("count", {}).value->get<std::uint64_t>() <= 1);
  return bought;
}

void page() {
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  shortest(engine);
  const hf::reply first = buy(engine, orders);
  must(first.outcome == hf::outcome::completed);
  const hf::reply again = buy(engine, orders);  // another host, as another process would have
  must(again.id == first.id && again.value == first.value);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
