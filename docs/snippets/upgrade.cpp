// SPDX-License-Identifier: Apache-2.0
//
// A component is exchanged while it serves: docs/guides/upgrade.md.

#include <holdfast/holdfast.hpp>
#include <thread>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

void pools(const hf::engine& engine, hf::host& host) {
  const hf::component older = hf::component::load(engine, "orders.wasm").value();
  const hf::pool shop = host.open(older).value();
  must(bool(shop.call("place", hf::args(1U, "book", 1U))));
  const hf::ticket under_way = shop.submit("place-slowly", hf::args(2U, 100'000U)).value();
  // [swap]
  const hf::component newer = hf::component::load(engine, "orders.wasm").value();
  const hf::result<void> swapped = shop.swap(newer, {.grace = 30s, .ready = 60s});
  if (!swapped) std::cerr << swapped.error().message() << "\n";  // the old one serves on, untouched
  // [/swap]
  must(bool(swapped));
  must(under_way.wait().outcome == hf::outcome::completed);       // on the old one
  must(shop.call("count", {}).value->get<std::uint64_t>() == 0);  // the new one has placed nothing
  const hf::component never = hf::component::load(engine, "start-trap.wat").value();
  must(shop.swap(never, {.ready = 5s}).error() == hf::errc::cannot_instantiate);
  must(bool(shop.call("count", {})));
}

void keyed(const hf::engine& engine) {
  hf::host host(engine);
  const hf::component ledger = hf::component::load(engine, "ledger.wasm").value();
  const hf::actors bank = host.open_actors(ledger, {.name = "bank"}).value();
  const hf::actor ada = bank.at("ada").value();
  must(bool(ada.call("deposit", hf::args(std::uint64_t{100}))));
  // [actors]
  const hf::component second = hf::component::load(engine, "ledger-v2.wasm").value();
  must(bool(bank.swap(second)));  // each actor moves when it is next called
  must(ada.call<std::uint64_t>("balance", {}).get() == 100);
  must(ada.call<std::uint32_t>("version", {}).get() == 2);
  // [/actors]
}

void restarted(const hf::engine& engine) {
  const hf::component first = hf::component::load(engine, "ledger.wasm").value();
  const hf::component second = hf::component::load(engine, "ledger-v2.wasm").value();
  {
    hf::host host(engine, {.journal = hf::open_journal("bank.journal").value()});
    const hf::actors bank = host.open_actors(first, {.name = "bank"}).value();
    must(bool(bank.at("ada").value().call("deposit", hf::args(std::uint64_t{5}))));
  }
  // [earlier]
  hf::host host(engine, {.journal = hf::open_journal("bank.journal").value()});
  hf::actor_options options;
  options.name = "bank";
  options.earlier = {first};  // whose states may be in the journal
  const hf::actors bank = host.open_actors(second, options).value();
  // [/earlier]
  must(bank.at("ada").value().call<std::uint64_t>("balance", {}).get() == 5);
}

void ends(const hf::engine& engine) {
  hf::host host(engine);
  const hf::pool shop = host.open(hf::component::load(engine, "orders.wasm").value()).value();
  // [drain]
  const hf::ticket runs = shop.submit("spin", hf::args(1U)).value();  // a call that has no end
  while (runs.phase() == hf::call_phase::queued) std::this_thread::yield();
  shop.drain(50ms);  // admits nothing more, gives what was accepted so long, then kills it
  must(runs.wait().code == hf::errc::killed);
  must(shop.call("count", {}).code == hf::errc::draining);
  // [/drain]
}

void page() {
  const hf::engine engine;
  {
    hf::host host(engine);
    pools(engine, host);
  }
  keyed(engine);
  restarted(engine);
  ends(engine);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
