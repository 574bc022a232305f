// SPDX-License-Identifier: Apache-2.0
//
// What an operator sees and may do: docs/guides/operate.md.

#include <atomic>
#include <holdfast/holdfast.hpp>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

// [observer]
// Counts what ends, and how. Called within Holdfast, at times under a lock: it only counts.
class counting final : public hf::observer {
 public:
  void on_done(const hf::call_id&, hf::outcome what) noexcept override {
    if (what == hf::outcome::completed) ++completed;
  }
  void on_fault(std::uint32_t, std::uint64_t, hf::errc, std::string_view) noexcept override { ++faults; }
  void on_orphaned(const hf::call_id&) noexcept override { ++orphaned; }
  void on_stuck(std::size_t now) noexcept override { stuck = now; }

  std::atomic<std::uint64_t> completed = 0, faults = 0, orphaned = 0;
  std::atomic<std::size_t> stuck = 0;
};
// [/observer]

void page() {
  const hf::engine engine;
  // [host]
  const auto counted = std::make_shared<counting>();
  hf::host host(
      engine,
      {.workers = 2, .drain_grace = 5s, .observe = counted, .parking = {.count = 4096, .time = 5min}});
  // [/host]
  const hf::pool shop = host.open(hf::component::load(engine, "orders.wasm").value()).value();
  must(bool(shop.call("count", {})));
  must(shop.call("trap", hf::args(1U)).code == hf::errc::trapped);
  must(counted->completed == 1 && counted->faults == 1);

  // [by-id]
  const hf::reply left = shop.call("spin", hf::args(2U), {.wait = 20ms});  // `detached`: it goes on
  const hf::orphan_figures figures = host.orphans();  // calls that go on and nobody waits for
  must(figures.orphans == 1);
  must(host.kill(left.id).value() == hf::kill_answer::stopping);
  must(host.attach(left.id).value().wait().code == hf::errc::killed);
  // [/by-id]
  must(left.code == hf::errc::detached);
  must(counted->orphaned == 1);

  // [cells]
  for (const hf::cell_status& each : shop.cells())
    std::cout << "cell " << each.cell << ", generation " << each.generation << ": "
              << hf::to_string(each.state) << "\n";
  // [/cells]
  must(shop.cells().size() == 1);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
