// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "core/cell.hpp"
#include "core/environment.hpp"
#include "core/keys.hpp"
#include "core/mailbox.hpp"
#include "core/parking.hpp"
#include "core/records.hpp"
#include "sim/law.hpp"
#include "sim/plan.hpp"
#include "sim/stage.hpp"

/// All that core finds outside of itself, played: time, workers, chance, and the observer, who hands what it
/// is told to the laws.
namespace holdfast::sim {

/// What one run came to.
struct report {
  std::uint64_t events = 0;
  std::uint64_t points = 0;  ///< at which the turn could have changed
  std::uint64_t digest = 0;  ///< of all events: the same for the same run, on every machine
  std::vector<violation> violations{};
  std::vector<event> trace{};         ///< if it was asked for
  std::vector<std::string> fibers{};  ///< their names
};

class world final : public core::time_source,
                    public core::scheduler,
                    public core::random_source,
                    public observer,
                    public pastime {
 public:
  world(const plan& what, stage& where, std::uint64_t seed, bool traced);

  static constexpr time_point start_of_time{std::chrono::hours(1)};

  const plan& planned;
  stage& on;
  core::timers deadlines;
  boost::intrusive_ptr<core::parking> kept;
  core::environment env;
  const boost::intrusive_ptr<core::records> records;
  const boost::intrusive_ptr<core::keys> keys;

  // The pools, as a host keeps them.
  struct pool {
    boost::intrusive_ptr<core::mailbox> box;
    std::unique_ptr<core::guest_maker> maker;
    std::vector<boost::intrusive_ptr<core::cell>> cells;
    boost::intrusive_ptr<core::spares> spares;
    std::size_t built = 0;   // instances so far
    std::size_t closed = 0;  // cells
    std::size_t ready = 0;   // cells that were once
    bool draining = false;
  };
  std::vector<pool> pools;

  // Counts for the end.
  std::int64_t calls_alive = 0;
  std::int64_t guests_alive = 0;
  std::int64_t waiters_alive = 0;
  std::int64_t open = 0;     // calls accepted and not done
  std::int64_t callers = 0;  // fibers that act for callers, and host functions
  bool calm = false;         // time moves only when nothing can run
  bool journal_woken = false;
  bool ending = false;  // workers and ticker are to go

  int next_call = 0;
  int next_waiter = 0;
  std::uint64_t next_spare = 1;

  /// Writes an event down: who and when are added here.
  void note(event what);

  void open_pools();
  void drain(int number);
  void close(int number);

  /// The fibers that drive: workers and the ticker.
  void spawn_drivers();
  /// Moves time while others could run, as often as planned; then it is calm.
  void run_clock();

  /// The fiber waits so long.
  void sleep(duration length);
  /// ... or until that holds.
  template <class Holds>
  void sleep_until(time_point until, Holds&& holds) {
    const auto place = sleepers_.insert(until);
    on.wait([&] { return now_ >= until || holds(); });
    sleepers_.erase(place);
  }

  /// The guest that `woken` tells of can go on.
  void wake(core::poller& which, const event& woken);

  /// The guest spins until the next tick; then it yields.
  void spin(boost::intrusive_ptr<core::poller> which, const event& woken) {
    spinning_.push_back({std::move(which), woken, now_});
  }

  /// Looks at the queue of a pool and at what is parked.
  void sample(int number);

  report finish(stage::ending how);

  // What core asks for.
  time_point now() const noexcept override { return now_; }
  void post(core::task& work) noexcept override;
  std::uint64_t next() noexcept override { return random_.next(); }
  bool pass() override;

  // What core tells.
  void on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
               cell_state to) noexcept override;
  void on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                std::string_view text) noexcept override;
  void on_tail(std::uint32_t cell, std::uint64_t generation, bool well) noexcept override;
  void on_retired(std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_spare_ready() noexcept override { on.point(); }
  void on_spare_taken(std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_spare_failed(errc why, std::string_view text) noexcept override;
  void on_accepted(const call_id& call) noexcept override;
  void on_refused(errc why) noexcept override;
  void on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_done(const call_id& call, outcome what) noexcept override;
  void on_recording(const call_id& call, outcome what) noexcept override;
  void on_noted(const call_id& call) noexcept override;
  void on_backing_off(const call_id& call, unsigned attempt, errc why, duration wait) noexcept override;
  void on_queued_again(const call_id& call) noexcept override;
  void on_detached(const call_id& call) noexcept override;
  void on_orphaned(const call_id& call) noexcept override;
  void on_orphan_ended(const call_id& call, duration cost) noexcept override;
  void on_parked(const call_id& call, std::size_t bytes) noexcept override;
  void on_claimed(const call_id& call) noexcept override;
  void on_dropped(const call_id& call) noexcept override;

 private:
  void tell(event what) noexcept;  // and let others have the turn
  void work();
  void keep_journal();
  void move_time(duration by);
  pool& pool_of_cell(std::uint32_t cell) { return pools[cell_pools_[cell]]; }

  static constexpr duration tick = std::chrono::milliseconds(1);

  chance random_;
  time_point now_ = start_of_time;
  time_point advanced_ = start_of_time;  // the ticker has seen time up to here
  boost::intrusive::list<core::task> tasks_;
  std::multiset<time_point> sleepers_;
  struct spinner {
    boost::intrusive_ptr<core::poller> which;
    event woken;
    time_point since;
  };
  std::deque<spinner> spinning_;
  std::vector<std::size_t> cell_pools_;
  laws checks_;
  report report_;
  const bool traced_;
};

}  // namespace holdfast::sim
