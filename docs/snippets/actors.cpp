// SPDX-License-Identifier: Apache-2.0
//
// Actors: README.md and docs/actors.md.

#include <holdfast/holdfast.hpp>
#include <variant>

#include "workshop.hpp"

namespace hf = holdfast;

namespace {

using entry = hf::wit::expected<std::uint64_t, std::variant<std::uint64_t, std::monostate>>;

void shortest(hf::host& host, const hf::component& ledger) {
  // [actors]
  const hf::actors bank = host.open_actors(ledger, {.name = "bank", .resident = 1}).value();
  const hf::actor ada = bank.at("ada").value();
  // [/actors]
  must(ada.key() == "ada");
}

void accounts(const hf::engine& engine, const hf::component& ledger, const std::string& journal) {
  // [bank]
  hf::host host(engine, {.journal = hf::open_journal(journal).value()});
  // One place for two accounts: each gives it up to the other, and goes on where it was.
  const hf::actors bank = host.open_actors(ledger, {.name = "bank", .resident = 1}).value();
  const hf::actor ada = bank.at("ada").value();
  const hf::actor bob = bank.at("bob").value();

  const auto opened = ada.call<entry>("deposit", hf::args(std::uint64_t{100}), {.key = "opening"});
  // [/bank]
  must(opened && **opened == 100);
  must(bob.call<std::uint64_t>("balance", {}).get() == 0);
  must(ada.call<std::uint64_t>("balance", {}).get() == 100);
  must(bank.figures().passivations >= 2);
}

void repeated(const hf::engine& engine) {
  hf::host host(engine);
  // [deterministic]
  const auto carts = hf::component::load(engine, "cart-js.wasm", {.replay = hf::determinism::on}).value();
  const hf::actors group = host.open_actors(carts, {.name = "carts", .snapshot_every = 64}).value();
  // [/deterministic]
  must(carts.deterministic());
  must(group.at("ada").value().call("total", {}).outcome == hf::outcome::completed);
}

void page() {
  const hf::engine engine;
  const hf::component ledger = hf::component::load(engine, "ledger.wasm").value();
  {
    hf::host host(engine);
    shortest(host, ledger);
  }
  accounts(engine, ledger, "bank.journal");
  accounts(engine, ledger, "bank.journal");  // as the next process: no money moves again
  repeated(engine);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
