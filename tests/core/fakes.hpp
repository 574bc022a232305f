// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "core/call.hpp"
#include "core/cell.hpp"
#include "core/mailbox.hpp"
#include "core/parking.hpp"

/// A guest without an engine and a world without threads or a clock of its own.
namespace holdfast::core::fakes {

using namespace std::chrono_literals;

/// What the fake guest does with a call. Travels as the call's arguments.
struct script {
  enum class kind : std::uint32_t {
    give_back,   ///< yields `slices` times, then returns `value`
    trap,        ///< yields `slices` times, then faults
    loop,        ///< yields for ever
    wait,        ///< parks in the host until released or stopped; then returns `value`
    wait_fails,  ///< parks in the host until released or stopped, and the host function then fails
    deaf_wait,   ///< parks in the host and never comes back
    unsuitable,  ///< is not taken by this instance
    trap_until,  ///< faults in every attempt before attempt number `value`
    tail,        ///< returns `value` at once, then goes on for `slices`
    tail_loops,  ///< ... for ever
    tail_traps,  ///< ... for `slices`, then faults
    tail_waits,  ///< ... in the host until released
  };
  kind what = kind::give_back;
  std::uint32_t slices = 0;
  std::uint64_t value = 0;
};

/// What the guests of a test did, across generations. Thread-safe.
struct record {
  std::mutex mutex;
  std::vector<std::uint64_t> entered{};     ///< values of the calls that were entered, in order
  std::vector<std::uint64_t> entered_in{};  ///< the generation of each
  std::uint64_t finished = 0;
  std::uint64_t built = 0;
  std::uint64_t destroyed = 0;
  unsigned builds_that_fail = 0;  ///< the next builds fault
  bool builds_hang = false;
  std::uint32_t build_slices = 0;                 ///< that the next builds yield before
  std::atomic<bool> released{false};              ///< what waits in the host may go on
  std::atomic<std::uint64_t> grown_by_a_call{0};  ///< bytes of memory
  std::atomic<std::size_t> held{0};               ///< resources of the guest that somebody outside holds
  std::vector<unsigned> attempts{};               ///< the attempt that each entry belonged to
  enum class farewell : std::uint8_t { none, short_one, loops, traps };
  std::atomic<farewell> farewells{farewell::none};  ///< what guests do when they are given up
  std::atomic<std::uint64_t> said{0};               ///< farewells that came to their end
  std::atomic<bool> lacks{false};                   ///< guests that are built now lack what calls had done
};

/// Faults the test program when core breaks the rules of `core/guest.hpp`.
inline void require(bool held, const char* rule) {
  if (held) return;
  std::fprintf(stderr, "core broke the guest's rules: %s\n", rule);
  std::abort();
}

class fake_guest final : public guest {
 public:
  fake_guest(record& log, boost::intrusive_ptr<poller> owner, const home& where)
      : log_(log), owner_(std::move(owner)), generation_(where.generation) {
    const std::scoped_lock lock(log_.mutex);
    ++log_.built;
    if (log_.builds_that_fail > 0) {
      --log_.builds_that_fail;
      build_fails_ = true;
    }
    build_hangs_ = log_.builds_hang;
    build_left_ = log_.build_slices;
  }
  ~fake_guest() override {
    require(!polled_.test_and_set(), "destroyed beside a poll");
    const std::scoped_lock lock(log_.mutex);
    ++log_.destroyed;
  }

  guest_state poll() override {
    require(!polled_.test_and_set(), "polled by two threads");
    const guest_state now = go_on();
    polled_.clear();
    return now;
  }

  void move_in(const home& where) noexcept override {
    require(ready_ && !ever_started_ && generation_ == 0, "moved in once, when built and never entered");
    generation_ = where.generation;
  }

  std::optional<error> start(const request& what) override {
    require(generation_ != 0, "started only where it has moved in");
    ever_started_ = true;
    require(what.function == 7, "the function number arrives as it was");
    require(ready_ && !running_ && !lost_ && !tail_ && !said_,
            "started only when idle, never after a fault or a farewell");
    require(what.arguments.size() == sizeof(script), "the arguments arrive whole");
    std::memcpy(&script_, what.arguments.data(), sizeof(script));
    attempt_ = what.attempt;
    run_ = what.number;
    running_ = true;
    entered_ = false;
    if (script_.what == script::kind::unsuitable) {
      running_ = false;
      return error(errc::bad_arguments, "a handle of another instance");
    }
    interrupted_.store(false);
    asked_.store(false);
    return std::nullopt;
  }

  std::optional<answer> next_answer() override {
    if (!std::exchange(answered_, false)) return std::nullopt;
    return answer{run_, take_result()};
  }

  buffer take_result() override {
    auto* bytes = new std::byte[sizeof(std::uint64_t)];
    std::memcpy(bytes, &script_.value, sizeof(std::uint64_t));
    return {bytes, sizeof(std::uint64_t), sizeof(std::uint64_t),
            [](std::byte* data, std::size_t, std::size_t) noexcept { delete[] data; }};
  }

  fault take_fault() override { return std::move(fault_); }
  bool say_farewell() noexcept override {
    require(ready_ && !running_ && !lost_ && !tail_ && !leaving_, "says farewell when it is idle");
    if (said_ || log_.farewells == record::farewell::none) return false;
    interrupted_.store(false);
    leaving_ = said_ = true;
    left_ = 2;
    return true;
  }
  bool lost_state() const noexcept override { return log_.lacks.load(); }
  std::uint64_t memory() const noexcept override { return memory_.load(); }
  std::size_t held() const noexcept override { return log_.held.load(); }
  void ask_to_stop(std::uint64_t) noexcept override { asked_.store(true); }
  void interrupt() noexcept override { interrupted_.store(true); }

 private:
  guest_state go_on() {
    require(!lost_, "polled after a fault");
    if (!ready_) return build();
    if (tail_) return go_on_after();
    if (leaving_) return take_leave();
    require(running_, "polled only with a call");
    if (!entered_) {
      entered_ = true;
      left_ = script_.slices;
      const std::scoped_lock lock(log_.mutex);
      log_.entered.push_back(script_.value);
      log_.entered_in.push_back(generation_);
      log_.attempts.push_back(attempt_);
    }
    if (script_.what >= script::kind::tail) {
      tail_ = true;
      running_ = false;
      answered_ = true;
      return guest_state::answered;
    }
    if (script_.what == script::kind::deaf_wait) return guest_state::pending;
    if (script_.what == script::kind::wait_fails) {
      if (!log_.released.load() && !asked_.load()) return guest_state::pending;
      return lose({.code = errc::host_failed, .message = "the host function threw"});
    }
    if (script_.what == script::kind::wait) {
      if (!log_.released.load() && !asked_.load()) return guest_state::pending;
      return give_back();
    }
    if (interrupted_.load())
      return lose({.code = errc::killed, .message = "interrupted", .backtrace = "at: fake"});
    if (script_.what == script::kind::loop || left_ > 0) {
      if (left_ > 0) --left_;
      owner_->wake();  // as an epoch yield does
      return guest_state::pending;
    }
    if (script_.what == script::kind::trap ||
        (script_.what == script::kind::trap_until && attempt_ < script_.value))
      return lose({.code = errc::trapped, .message = "unreachable"});
    return give_back();
  }

  guest_state build() {
    if (build_hangs_ && !interrupted_.load()) {
      owner_->wake();
      return guest_state::pending;
    }
    if (build_left_ > 0) {
      --build_left_;
      owner_->wake();
      return guest_state::pending;
    }
    if (build_fails_ || build_hangs_)
      return lose({.code = errc::cannot_instantiate, .message = "cannot start"});
    ready_ = true;
    return guest_state::ready;
  }

  guest_state go_on_after() {
    if (script_.what == script::kind::tail_waits && !log_.released.load()) return guest_state::pending;
    if (interrupted_.load()) return lose({.code = errc::killed, .message = "interrupted"});
    if (script_.what == script::kind::tail_loops || left_ > 0) {
      if (left_ > 0) --left_;
      owner_->wake();
      return guest_state::pending;
    }
    if (script_.what == script::kind::tail_traps)
      return lose({.code = errc::trapped, .message = "unreachable"});
    tail_ = false;
    return give_back();
  }

  guest_state take_leave() {
    if (interrupted_.load()) return lose({.code = errc::killed, .message = "interrupted"});
    if (log_.farewells == record::farewell::traps)
      return lose({.code = errc::trapped, .message = "unreachable"});
    if (log_.farewells == record::farewell::loops || left_-- > 0) {
      owner_->wake();
      return guest_state::pending;
    }
    leaving_ = false;
    ++log_.said;
    return guest_state::ready;
  }

  guest_state give_back() {
    running_ = false;
    memory_ += log_.grown_by_a_call.load();
    const std::scoped_lock lock(log_.mutex);
    ++log_.finished;
    return guest_state::ready;
  }

  guest_state lose(fault why) {
    lost_ = true;
    fault_ = std::move(why);
    return guest_state::failed;
  }

  record& log_;
  const boost::intrusive_ptr<poller> owner_;
  std::uint64_t generation_;
  script script_;
  std::uint32_t build_left_ = 0;
  bool ever_started_ = false;
  bool leaving_ = false;
  bool said_ = false;
  std::uint32_t left_ = 0;
  unsigned attempt_ = 0;
  std::atomic<std::uint64_t> memory_{64U << 10};
  bool build_fails_ = false;
  bool build_hangs_ = false;
  bool ready_ = false;
  bool running_ = false;
  bool tail_ = false;
  bool answered_ = false;
  std::uint64_t run_ = 0;
  bool entered_ = false;
  bool lost_ = false;
  std::atomic<bool> asked_{false};
  std::atomic<bool> interrupted_{false};
  std::atomic_flag polled_;
  fault fault_;
};

class fake_maker final : public guest_maker {
 public:
  explicit fake_maker(record& log) : log_(log) {}
  std::unique_ptr<guest> make(boost::intrusive_ptr<poller> owner, const home& where) noexcept override {
    return std::make_unique<fake_guest>(log_, std::move(owner), where);
  }

 private:
  record& log_;
};

class fake_call : public call {
 public:
  fake_call(environment& world, script what, call_terms terms)
      : call(world, call_id{world.random.next(), world.random.next()}, 7, terms) {
    std::memcpy(bytes_.data(), &what, sizeof(script));
  }
  std::span<const std::byte> arguments() const noexcept override { return bytes_; }
  std::size_t bytes() const noexcept override { return bytes_.size(); }

  std::uint64_t value() const {
    std::uint64_t number = 0;
    require(end().value.size() == sizeof(number), "a completed call has its value");
    std::memcpy(&number, end().value.bytes().data(), sizeof(number));
    return number;
  }

 private:
  std::array<std::byte, sizeof(script)> bytes_{};
};

/// Counts how often it is told.
class counting_waiter final : public waiter {
 public:
  void on_done(call&) noexcept override { told.fetch_add(1); }
  void on_timer(timer&) noexcept override {}
  std::atomic<int> told{0};
};

/// Counts that repeat from run to run.
class counting_random final : public random_source {
 public:
  std::uint64_t next() noexcept override { return next_.fetch_add(0x9e3779b97f4a7c15U); }

 private:
  std::atomic<std::uint64_t> next_{1};
};

/// One thread, the test's own; time stands still until it is moved.
class manual_world final : public time_source, public scheduler {
 public:
  explicit manual_world(observer& observe = no_observer(), parking_policy policy = {})
      : env{*this, *this, deadlines, random, observe}, kept(new parking(env, policy)) {
    env.kept = kept.get();
  }

  time_point now() const noexcept override { return now_; }
  void post(task& work) noexcept override { queue_.push_back(work); }

  /// Runs the task that waits longest. False: none waits.
  bool step() {
    if (queue_.empty()) return false;
    task& next = queue_.front();
    queue_.pop_front();
    next.run();
    return true;
  }

  /// Runs until nothing is left to run, or so many steps were made.
  std::size_t settle(std::size_t most = 10'000) {
    std::size_t steps = 0;
    while (steps < most && step()) ++steps;
    return steps;
  }

  void advance(duration by) {
    now_ += by;
    deadlines.advance(now_);
  }

  timers deadlines;
  counting_random random;
  environment env;
  const boost::intrusive_ptr<parking> kept;

 private:
  time_point now_{1h};
  boost::intrusive::list<task> queue_;
};

/// A mailbox with its cells over fake guests.
class fake_pool {
 public:
  fake_pool(environment& world, record& log, unsigned cells = 1, mailbox_limits limits = {},
            rebuild_policy policy = {}, retry_policy retry = {}, mailbox_names names = {})
      : world_(world), maker_(log), box_(new mailbox(world, limits, retry, std::move(names))) {
    if (policy.spares > 0) spares_.reset(new core::spares(world, box_, maker_, policy));
    for (unsigned i = 0; i < cells; ++i) {
      cells_.emplace_back(new cell(world, box_, maker_, policy, i, spares_));
      cells_.back()->open();
    }
    if (spares_ != nullptr) spares_->open();
  }

  boost::intrusive_ptr<fake_call> make(script what, call_terms terms = {}) {
    return boost::intrusive_ptr<fake_call>(new fake_call(world_, what, terms));
  }

  boost::intrusive_ptr<fake_call> send(script what, call_terms terms = {}, start how = start::post) {
    auto request = make(what, terms);
    const auto refused = box_->admit(request, how);
    require(!refused, "this call was to be accepted");
    return request;
  }

  void close() {
    box_->close();
    if (spares_ != nullptr) spares_->close();
    box_->refuse_queued(errc::draining, {});
    for (auto& one : cells_) one->close();
  }

  mailbox& box() { return *box_; }
  cell& at(std::size_t i) { return *cells_[i]; }
  spares& ahead() { return *spares_; }

 private:
  environment& world_;
  fake_maker maker_;
  boost::intrusive_ptr<mailbox> box_;
  boost::intrusive_ptr<spares> spares_;
  std::vector<boost::intrusive_ptr<cell>> cells_;
};

}  // namespace holdfast::core::fakes
