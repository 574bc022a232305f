// SPDX-License-Identifier: Apache-2.0
//
// A database with threads and a queue of its own, whose procedures strangers wrote. What became of a call
// commits its transaction, aborts it or leaves it in doubt, after a crash too. database COMPONENT JOURNAL,
// such as build/release/guests/orders.wasm calls.journal.

#include <condition_variable>
#include <deque>
#include <functional>
#include <holdfast/holdfast.hpp>
#include <iostream>
#include <latch>
#include <mutex>
#include <thread>

namespace hf = holdfast;
using namespace std::chrono_literals;

// The database's own threads do these jobs. None of them ever waits for a guest.
class job_queue {
 public:
  void push(std::function<void()> job) {
    const std::lock_guard held(lock_);
    jobs_.push_back(std::move(job));
    more_.notify_one();
  }
  void work(std::stop_token stop) {
    for (std::unique_lock held(lock_); more_.wait(held, stop, [&] { return !jobs_.empty(); }); held.lock()) {
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      held.unlock();
      job();
    }
  }

 private:
  std::mutex lock_;
  std::condition_variable_any more_;
  std::deque<std::function<void()>> jobs_;
};

struct transaction {
  std::string key, procedure;
  hf::wit::arguments arguments;
  std::string verdict{};
};

// [commit]
std::string verdict(const std::error_code& code) {
  if (!code) return "committed";
  if (code == hf::effect::not_executed) return "aborted, " + code.message();  // never entered: begin it again
  return "in doubt, " + code.message();  // it ran, perhaps in part: somebody has to look
}

// Begun again, a transaction joins its call, or has the outcome that this had. Its key sees to that.
void begin(transaction& of, const hf::pool& procedures, job_queue& jobs, std::latch& open) {
  const auto end = [&](const std::error_code& code) { of.verdict = verdict(code), open.count_down(); };
  const auto call = procedures.submit(of.procedure, of.arguments, {.key = of.key, .run_limit = 200ms});
  if (!call) return end(call.error().code);
  // Told on whichever thread ends the call, so that only a job is made of it there.
  call->on_done([=, &jobs](const hf::reply& told) { jobs.push([=, code = told.code] { end(code); }); });
}
// [/commit]

int main(int argc, char** argv) try {
  const hf::engine engine;
  const hf::component code = hf::component::load(engine, argc > 1 ? argv[1] : "orders.wasm").value();
  hf::pool_options options;
  options.name = "procedures";  // whose the keys are
  // Twice, as a process does that was started again: the second host has the outcomes, and runs nothing.
  for (int life = 1; life <= 2; ++life) {
    hf::host host(engine, {.journal = hf::open_journal(argc > 2 ? argv[2] : "calls.journal").value()});
    const hf::pool procedures = host.open(code, options).value();
    std::vector<transaction> all{{"order-1", "place-slowly", hf::args(1U, 100U)},
                                 {"order-2", "spin", hf::args(2U)},
                                 {"order-3", "trap", hf::args(3U)},
                                 {"order-4", "drop-table", hf::args(4U)},
                                 {"order-5", "place-slowly", hf::args(5U, 100U)}};
    std::latch open(static_cast<std::ptrdiff_t>(all.size()));
    job_queue jobs;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&](std::stop_token stop) { jobs.work(stop); });
    for (transaction& each : all) jobs.push([&] { begin(each, procedures, jobs, open); });
    open.wait();
    for (const transaction& each : all) std::cout << each.key << ": " << each.verdict << "\n";
    std::cout << "now generation " << procedures.call("count", {}).generation << "\n";
  }
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
