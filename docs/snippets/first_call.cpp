// SPDX-License-Identifier: Apache-2.0
//
// The first call of README.md, and that of docs/guides/first-guest.md.

#include <holdfast/holdfast.hpp>
#include <iostream>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

void try_again() { must(false); }
void note(const hf::call_id& id) { must(id != hf::call_id{}); }

void page() {
  // [call]
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  hf::host host(engine);
  const hf::pool shop = host.open(orders, {.cells = 2}).value();

  // Waits for the outcome, but not for ever. Stopping to wait stops nothing else.
  const hf::reply bought = shop.call("place", hf::args(17U, "book", 2U), {.wait = 500ms, .run_limit = 2s});
  if (bought.code == hf::effect::not_executed) try_again();  // the guest was never entered
  if (bought.code == hf::errc::detached) note(bought.id);    // it goes on; that is its name
  // [/call]
  must(bought || bought.code == hf::errc::detached);
}

void guest() {
  const hf::engine engine;
  hf::host host(engine);
  // [guest]
  const hf::component greeter = hf::component::load(engine, "hello.wat").value();
  const hf::pool pool = host.open(greeter).value();
  std::cout << pool.call<std::string>("greet", hf::args("ada")).get() << "\n";
  // [/guest]
}

}  // namespace

int main(int argc, char** argv) {
  return work_in(argc, argv, [] {
    page();
    guest();
  });
}
