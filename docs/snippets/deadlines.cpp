// SPDX-License-Identifier: Apache-2.0
//
// What ends a wait, and what ends a guest: docs/guides/deadlines.md.

#include <holdfast/holdfast.hpp>
#include <thread>

#include "workshop.hpp"

namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

void limits(const hf::host& host, const hf::pool& shop) {
  // [wait]
  const hf::reply left = shop.call("place-slowly", hf::args(1U, 200'000U), {.wait = 10ms});
  must(left.code == hf::errc::detached && left.code == hf::effect::unknown);
  const hf::ticket again = host.attach(left.id).value();  // by its id, by whomever
  must(again.wait().outcome == hf::outcome::completed);
  // [/wait]

  // [run-limit]
  const hf::reply looped = shop.call("spin", hf::args(2U), {.run_limit = 50ms});
  must(looped.code == hf::errc::deadline_killed && looped.code == hf::effect::executed);
  // [/run-limit]
  must(shop.call("count", {}).generation == 2);

  // [deadline]
  const hf::ticket busy = shop.submit("spin", hf::args(3U), {.run_limit = 300ms}).value();
  const hf::reply late = shop.call("count", {}, {.deadline = 50ms});
  must(late.code == hf::errc::expired_in_queue && late.code == hf::effect::not_executed);
  // [/deadline]
  must(busy.wait().code == hf::errc::deadline_killed);
}

void verbs(const hf::pool& shop) {
  // [verbs]
  const hf::ticket runs = shop.submit("spin", hf::args(4U)).value();
  while (runs.phase() == hf::call_phase::queued) std::this_thread::yield();
  const hf::ticket waits = shop.submit("count", {}).value();

  must(waits.revoke() == hf::revoke_answer::revoked);  // it had not begun: the guest is never entered for it
  must(runs.revoke() == hf::revoke_answer::running);   // too late: it goes on
  must(runs.wait(10ms).code == hf::errc::detached);    // to stop waiting stops nothing else
  must(runs.kill() == hf::kill_answer::stopping);      // this does
  must(runs.wait().code == hf::errc::killed);
  // [/verbs]
}

void graces(const hf::engine& engine, hf::host& host) {
  const hf::component listens = hf::component::load(engine, "cooperative.wat").value();
  // [grace]
  hf::pool_options options;
  options.stop_grace = 5s;  // `work` asks `stop-requested` as it goes, and returns when it says so
  const hf::pool pool = host.open(listens, options).value();
  const hf::reply stopped = pool.call("work", {}, {.run_limit = 50ms});
  must(stopped.outcome == hf::outcome::completed);
  must(pool.call("generation", {}).value->get<std::uint64_t>() == 1);  // and its instance lives on
  // [/grace]
}

void page() {
  const hf::engine engine;
  hf::host host(engine);
  const hf::pool shop = host.open(hf::component::load(engine, "orders.wasm").value()).value();
  must(bool(shop.wait_ready()));
  limits(host, shop);
  verbs(shop);
  graces(engine, host);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
