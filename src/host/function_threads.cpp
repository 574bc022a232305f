// SPDX-License-Identifier: Apache-2.0
#include "host/function_threads.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <holdfast/duration.hpp>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace holdfast::detail {
namespace {

constexpr duration patience = std::chrono::seconds(1);
// For a thread. Each belongs to a guest that is parked for it.
constexpr std::size_t most_waiting = 4096;

enum class place : std::uint8_t { thread, executor };

enum class stage : std::uint8_t {
  comes,  ///< not counted anywhere yet
  waits,  ///< for a thread or its executor
  runs,
  stuck,  ///< runs, and its instance was cut
  over,   ///< ended, refused or dropped
};

}  // namespace

// One job from its arrival to its end. The queue has it while it waits for a thread, its executor while it
// waits for that one, and what runs it from then on.
struct function_threads::entry : std::enable_shared_from_this<entry> {
  entry(std::shared_ptr<state> of, bridge::function_job what, place runs_on)
      : home(std::move(of)), job(std::move(what)), bytes(job.bytes), on(runs_on) {}
  entry(const entry&) = delete;
  entry& operator=(const entry&) = delete;
  ~entry();

  // Runs on the thread that cuts, while others may run the job, or let go of it.
  struct cut {
    std::weak_ptr<entry> whom;
    void operator()() const noexcept;
  };
  // Before the job is counted anywhere, so that no cut is missed and none meets the lock.
  void listen() { on_cut.emplace(job.cut, cut{weak_from_this()}); }

  // What this thread of the host's runs.
  static thread_local entry* here;

  const std::shared_ptr<state> home;
  bridge::function_job job;  // belongs to whoever last moved the stage
  const std::size_t bytes;
  const place on;

  // Guarded by the home's lock.
  stage at = stage::comes;
  std::list<std::shared_ptr<entry>>::iterator queued;
  bool thread_leaves = false;  // others have taken its thread's place
  bool lends = false;          // it waits for a guest: its thread's place is another's meanwhile

  std::optional<std::stop_callback<cut>> on_cut;
};

thread_local function_threads::entry* function_threads::entry::here = nullptr;

// Shared with the threads and with what runs: one whose function never returns outlives the owner.
struct function_threads::state : std::enable_shared_from_this<state> {
  using entries = std::list<std::shared_ptr<entry>>;

  state(unsigned count, function_limits bounds, std::shared_ptr<observer> who) noexcept
      : wanted(std::max(count, 1U)), limits(bounds), told(std::move(who)) {}

  const unsigned wanted;
  const function_limits limits;
  const std::shared_ptr<observer> told;

  mutable std::mutex mutex;
  std::condition_variable changed;
  entries queue;                  // what waits for a thread
  std::size_t waiting_bytes = 0;  // of that and of what waits for an executor
  std::size_t able = 0;           // threads that take jobs, or will once theirs has returned
  std::size_t lost = 0;           // threads that do not, because theirs may never return
  std::size_t stuck = 0;          // functions; those on the lost threads are among them
  std::size_t lent = 0;           // threads whose functions wait for guests
  bool ending = false;

  // All of these under the lock.

  void start_thread() {
    std::thread([self = shared_from_this()] { self->work(); }).detach();
    ++able;
  }
  // Replaces what was lost, as far as that is allowed.
  void staff() noexcept {
    try {
      while (!ending && stuck < limits.stuck && able < wanted) start_thread();
    } catch (const std::exception&) {  // Those that are left do the work, if there are any.
    }
  }
  void report() const noexcept {
    if (told != nullptr) told->on_stuck(stuck);
  }
  // Why nothing more is taken; empty: it is.
  std::string closed() const {
    if (ending) return "the host ends";
    if (stuck >= limits.stuck)
      return std::to_string(stuck) +
             " host functions have not returned although their guests were cut, the most that "
             "host_options::stuck_functions allows";
    return {};
  }
  std::string full(const entry& one) const {
    if (on_thread(one) && able == 0) return "no thread could be started for host functions";
    if (on_thread(one) && queue.size() >= most_waiting)
      return std::to_string(most_waiting) + " host functions wait for a thread already";
    if (waiting_bytes != 0 && one.bytes > limits.bytes - std::min(waiting_bytes, limits.bytes))
      return "with its " + std::to_string(one.bytes) + " bytes of arguments more than " +
             std::to_string(limits.bytes) + " would wait, the most that host_options::function_bytes allows";
    return {};
  }
  static bool on_thread(const entry& one) noexcept { return one.on == place::thread; }

  void enqueue(const std::shared_ptr<entry>& one) {
    if (on_thread(*one)) one->queued = queue.insert(queue.end(), one);
    one->at = stage::waits;
    waiting_bytes += one->bytes;
  }
  // It waits no more.
  void take_out(entry& one, stage next) noexcept {
    if (on_thread(one)) queue.erase(one.queued);
    waiting_bytes -= one.bytes;
    one.at = next;
  }
  // What waits for a thread and will get none; `refuse` each without the lock.
  entries take_all() noexcept {
    entries all;
    all.swap(queue);
    for (const auto& one : all) {
      waiting_bytes -= one->bytes;
      one->at = stage::over;
    }
    return all;
  }

  // All of these without it.

  static void refuse(entry& one, const std::string& why) {
    one.job.refuse("the host function was not run: " + why);
    one.job = {};
  }

  // Empty: it is taken.
  std::string admit(const std::shared_ptr<entry>& one) {
    const std::scoped_lock lock(mutex);
    if (one->at == stage::over) return {};
    staff();  // what the limit forbade it may allow by now
    std::string why = closed();
    if (why.empty()) why = full(*one);
    if (why.empty()) {
      enqueue(one);
    } else {
      one->at = stage::over;
    }
    return why;
  }

  // A thread's life.
  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || !queue.empty(); });
      if (ending) break;
      const std::shared_ptr<entry> next = queue.front();
      take_out(*next, stage::runs);
      lock.unlock();
      entry::here = next.get();
      run(next);
      entry::here = nullptr;
      lock.lock();
      if (next->thread_leaves) {
        changed.notify_all();
        return;
      }
      if (able > 2 * std::size_t{wanted})
        break;  // those that took the place of one that waited stay, up to as many again
    }
    --able;
    changed.notify_all();
  }

  // Its executor has come to it.
  void arrive(const std::shared_ptr<entry>& one) {
    {
      const std::scoped_lock lock(mutex);
      if (one->at != stage::waits) return;  // cut
      take_out(*one, stage::runs);
    }
    run(one);
  }

  void run(const std::shared_ptr<entry>& one) {
    const std::shared_ptr<void> running(one.get(), [this, one](void*) { ended(*one); });
    const bridge::function_job job =
        std::move(one->job);  // gone before its end is told: what it holds may post
    job.work(running);
  }

  // The instance was cut.
  void cut(entry& one) noexcept {
    bridge::function_job dropped;
    entries refused;
    std::string why;
    {
      const std::scoped_lock lock(mutex);
      switch (one.at) {
        case stage::comes:
          one.at = stage::over;
          dropped = std::move(one.job);
          break;
        case stage::waits:
          take_out(one, stage::over);
          dropped = std::move(one.job);
          break;
        case stage::runs:
          one.at = stage::stuck;
          ++stuck;
          if (on_thread(one)) {
            if (!one.lends) --able;
            ++lost;
          }
          report();
          staff();
          why = closed();
          if (why.empty() && able == 0) why = "no thread could be started for host functions";
          if (!why.empty()) refused = take_all();
          break;
        case stage::stuck:
        case stage::over:
          break;
      }
    }
    for (const auto& each : refused) refuse(*each, why);
  }

  // It is about to wait for a guest, which may need a host function itself. False: too many do.
  bool lend(entry& one) noexcept {
    const std::scoped_lock lock(mutex);
    if (one.at != stage::runs) return true;  // cut: its place is another's already
    if (lent + stuck >= limits.stuck) return false;
    --able;
    staff();
    if (able == 0) {
      ++able;
      return false;
    }
    one.lends = true;
    ++lent;
    return true;
  }
  void take_back(entry& one) noexcept {
    const std::scoped_lock lock(mutex);
    if (!std::exchange(one.lends, false)) return;
    --lent;
    if (one.at == stage::runs) ++able;
  }

  void ended(entry& one) noexcept {
    const std::scoped_lock lock(mutex);
    if (std::exchange(one.at, stage::over) != stage::stuck) return;
    --stuck;
    if (on_thread(one)) {
      --lost;
      one.thread_leaves = ending || able >= wanted;
      if (!one.thread_leaves) ++able;
    }
    report();
  }

  void end() noexcept {
    entries refused;
    {
      const std::scoped_lock lock(mutex);
      ending = true;
      refused = take_all();
    }
    changed.notify_all();
    for (const auto& each : refused) refuse(*each, "the host ends");
    // Not for what is stuck on executors: their threads are the embedder's, who may be waiting in here.
    std::unique_lock lock(mutex);
    changed.wait_for(lock, patience, [this] { return able + lost + lent == 0; });
  }
};

function_threads::entry::~entry() {
  // The context of its executor has ended under it.
  if (at != stage::waits) return;
  const std::scoped_lock lock(home->mutex);
  home->waiting_bytes -= bytes;
}

void function_threads::entry::cut::operator()() const noexcept {
  if (const auto still = whom.lock()) still->home->cut(*still);
}

function_threads::function_threads(unsigned count, function_limits limits, std::shared_ptr<observer> told)
    : state_(std::make_shared<state>(count, limits, std::move(told))) {
  try {
    const std::scoped_lock lock(state_->mutex);
    while (state_->able < state_->wanted) state_->start_thread();
  } catch (...) {
    state_->end();  // those that did start
    throw;
  }
}

function_threads::~function_threads() { state_->end(); }

void function_threads::post(bridge::function_job work) const {
  const auto executor = std::exchange(work.executor, {});
  const auto one =
      std::make_shared<entry>(state_, std::move(work), executor ? place::executor : place::thread);
  one->listen();
  if (const std::string why = state_->admit(one); !why.empty()) {
    state::refuse(*one, why);
  } else if (executor) {
    boost::asio::post(executor, [one] { one->home->arrive(one); });
  } else {
    state_->changed.notify_one();
  }
}

lent_thread::lent_thread() noexcept {
  function_threads::entry* const here = function_threads::entry::here;
  if (here == nullptr) return;
  given_ = here->home->lend(*here);
  if (given_) of_ = here;
}

lent_thread::~lent_thread() {
  if (of_ != nullptr) of_->home->take_back(*of_);
}

std::size_t function_threads::stuck() const noexcept {
  const std::scoped_lock lock(state_->mutex);
  return state_->stuck;
}

}  // namespace holdfast::detail
