// SPDX-License-Identifier: Apache-2.0
//
// A call with a key and a journal is one call, whoever asks again and after whatever has happened.
// durable_calls COMPONENT JOURNAL, such as build/release/guests/orders.wasm calls.journal. Run it twice: the
// second run places nothing.

#include <holdfast/holdfast.hpp>
#include <iostream>

namespace hf = holdfast;

namespace {

// [call]
// As a process does that has just been started. It may die at any point: what is told here was on disk
// before.
hf::reply place(const hf::engine& engine, const hf::component& orders, const std::string& journal) {
  hf::host host(engine, {.journal = hf::open_journal(journal).value()});
  hf::pool_options options;
  options.name = "shop";  // whose the keys are
  const hf::pool shop = host.open(orders, std::move(options)).value();
  return shop.call("place", hf::args(17U, "book", 2U), {.key = "order-17"});
}
// [/call]

// [outcome]
void print(const hf::reply& told) {
  if (told) {
    std::cout << "order-17 was placed by call " << told.id.to_string() << "\n";
  } else if (told.code == hf::effect::unknown) {
    // Its process died, and `place` is not declared to be one that may run twice: somebody has to look.
    std::cout << "nobody can say whether order-17 was placed: " << told.detail << "\n";
  } else {
    std::cout << told.code.message() << ": " << told.detail << "\n";
  }
}
// [/outcome]

}  // namespace

int main(int argc, char** argv) try {
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm").value();
  const std::string journal = argc > 2 ? argv[2] : "calls.journal";
  const hf::reply first = place(engine, orders, journal);
  print(first);
  const hf::reply again = place(engine, orders, journal);  // another host, which has never run it
  std::cout << (again.id == first.id && again.value == first.value
                    ? "and again: the same call, the same answer\n"
                    : "and again: another answer\n");
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
