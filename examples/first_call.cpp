// SPDX-License-Identifier: Apache-2.0
//
// One component, one pool, and a caller who does not wait to the end. first_call COMPONENT, such as
// build/release/guests/orders.wasm.

#include <holdfast/holdfast.hpp>
#include <iostream>

namespace hf = holdfast;
using namespace std::chrono_literals;

int main(int argc, char** argv) try {
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm").value();
  hf::host host(engine);
  const hf::pool shop = host.open(orders, {.cells = 2}).value();

  // [call]
  // Waits for the outcome, but not for ever. Stopping to wait stops nothing else.
  const hf::reply bought = shop.call("place", hf::args(17U, "book", 2U), {.wait = 500ms, .run_limit = 2s});
  if (bought) {
    std::cout << "placed, by generation " << bought.generation << "\n";
  } else if (bought.code == hf::effect::not_executed) {
    std::cout << "not placed: it is safe to try again\n";
  } else if (bought.code == hf::errc::detached) {
    std::cout << "still running as " << bought.id.to_string() << "\n";
  } else {
    std::cout << bought.code.message() << ": " << bought.detail << "\n";
  }
  // [/call]

  // [submit]
  // Hands a call over. It runs whether anybody waits for it or not: dropping the ticket does not stop it.
  const hf::ticket later = shop.submit("place-slowly", hf::args(18U, 100'000U)).value();
  std::cout << "and one more is " << hf::to_string(later.phase()) << "\n";
  // [/submit]

  // A guest that loops for ever is stopped at its limit, and the next call finds a fresh instance.
  const hf::reply looped = shop.call("spin", hf::args(19U), {.run_limit = 100ms});
  std::cout << looped.code.message() << "; now there are "
            << (shop.call("count", {}) ? "healthy instances" : "none") << "\n";
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
