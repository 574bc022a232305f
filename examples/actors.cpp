// SPDX-License-Identifier: Apache-2.0
//
// Each key of a component is an actor: an account here, whose state outlives its instance and its process.
// actors COMPONENT JOURNAL, such as build/release/guests/ledger.wasm bank.journal. Run it twice: no money
// moves again.

#include <holdfast/holdfast.hpp>
#include <iostream>
#include <variant>

namespace hf = holdfast;

namespace {

// `result<u64, problem>` of the component's WIT: the new balance, or insufficient(u64), too-much.
using entry = hf::wit::expected<std::uint64_t, std::variant<std::uint64_t, std::monostate>>;

// [transfer]
// Each step has a key: asked for again, after a crash too, it is not done again.
bool transfer(const hf::actor& from, const hf::actor& to, std::uint64_t amount, const std::string& key) {
  const auto out = from.call<entry>("withdraw", hf::args(amount), {.key = key});
  if (!out || !out->has_value()) return false;
  const auto in = to.call<entry>("deposit", hf::args(amount), {.key = key});
  return in && in->has_value();
}
// [/transfer]

std::uint64_t balance(const hf::actor& of) { return of.call<std::uint64_t>("balance", {}).get(); }

// As a process does that has just been started. It may die at any point: what is told here was on disk
// before.
void live(const hf::engine& engine, const hf::component& ledger, const std::string& journal) {
  hf::host host(engine, {.journal = hf::open_journal(journal).value()});
  // [actors]
  // One place for two accounts: each gives it up to the other, and goes on where it was.
  const hf::actors bank = host.open_actors(ledger, {.name = "bank", .resident = 1}).value();
  const hf::actor ada = bank.at("ada").value();
  const hf::actor bob = bank.at("bob").value();

  const auto opened = ada.call<entry>("deposit", hf::args(std::uint64_t{100}), {.key = "opening"});
  if (!opened || !transfer(ada, bob, 30, "transfer-1")) std::cout << "no money has moved\n";

  // It puts a million in, and traps: the instance is gone, and the million with it.
  const hf::reply failed = bob.call("fail", hf::args(std::uint64_t{1'000'000}));
  std::cout << "bob's call: " << failed.code.message() << "\n";
  // [/actors]
  std::cout << "ada has " << balance(ada) << ", bob has " << balance(bob) << "\n";
}

}  // namespace

int main(int argc, char** argv) try {
  const hf::engine engine;
  const hf::component ledger = hf::component::load(engine, argc > 1 ? argv[1] : "ledger.wasm").value();
  const std::string journal = argc > 2 ? argv[2] : "bank.journal";
  live(engine, ledger, journal);
  live(engine, ledger, journal);  // another host, whose accounts are where they were
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
