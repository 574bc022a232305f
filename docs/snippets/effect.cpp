// SPDX-License-Identifier: Apache-2.0
//
// The one question that callers ask of an error: docs/concepts/effect.md.

#include <holdfast/holdfast.hpp>
#include <thread>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

// [again]
// Sends a call again as long as the guest was never entered for it.
hf::reply insist(const hf::pool& shop, std::uint32_t id, unsigned most) {
  for (unsigned sent = 1;; ++sent) {
    hf::reply told = shop.call("place", hf::args(id, "book", 1U));
    if (told.code != hf::effect::not_executed || sent == most) return told;
    std::this_thread::sleep_for(10ms * sent);
  }
}
// [/again]

void page() {
  const hf::engine engine;
  hf::host host(engine);
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  const hf::pool shop = host.open(orders).value();
  must(bool(insist(shop, 1, 3)));
  const hf::reply fell = shop.call("trap", hf::args(2U));
  // [three]
  must(fell.code == hf::errc::trapped);        // what happened
  must(fell.code == hf::effect::executed);     // and what that means: it ran, possibly in part
  must(fell.outcome == hf::outcome::trapped);  // the call's one outcome
  must(shop.call("place", hf::args("seventeen")).code == hf::effect::not_executed);  // bad arguments
  // [/three]
  for (const hf::errc each : {hf::errc::queue_full, hf::errc::draining, hf::errc::revoked})
    must(hf::effect_of(each) == hf::effect::not_executed);
  must(hf::effect_of(hf::errc::detached) == hf::effect::unknown);
  shop.drain(1s);
  must(insist(shop, 3, 2).code == hf::errc::draining);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
