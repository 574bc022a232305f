// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <holdfast/rebuild_policy.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "core/environment.hpp"
#include "core/guest.hpp"
#include "core/poller.hpp"
#include "core/turn.hpp"

/// Instances that a pool's cells take when they lose theirs.
///
/// They belong to no cell until one takes them, so one spare serves whichever cell is struck first, and no
/// cell is kept from its calls while one is built: spares are driven by a worker, slice by slice, as a cell
/// is. One at a time is built, after the cells that want to build. Where that fails it is tried again after
/// the policy's wait, and given up as the policy says until one of them is taken or the pool ends.
namespace holdfast::core {

class mailbox;

class spares final : public poller, public task {
 public:
  spares(const environment& world, boost::intrusive_ptr<mailbox> of, guest_maker& maker,
         rebuild_policy policy) noexcept;
  ~spares() override;

  /// Begins to build, on a worker. Once, after the cells were opened.
  void open() noexcept;

  /// Something happened that makes driving worth while.
  void wake() noexcept override;

  /// A guest that is built and was never entered. From now on it is of that instance and wakes `who`. Null:
  /// none is ready.
  std::unique_ptr<guest> take(boost::intrusive_ptr<poller> who, const home& where) noexcept;

  /// Builds nothing more, gives nothing away, and lets go what there is, on a worker.
  void close() noexcept;

  /// How many are ready.
  std::size_t ready() const noexcept;

 private:
  friend class mailbox;

  class place;  // where one guest is driven from

  struct kept {
    std::unique_ptr<guest> what;
    boost::intrusive_ptr<place> in;
  };
  // What others tell the driver.
  enum signal : std::uint32_t { expired = 1, due = 2, closing = 4 };

  void run() noexcept override;
  void post() noexcept;  // to the workers
  void on_timer(timer& fired) noexcept override;

  bool step() noexcept;  // true: there is more to do now
  void begin() noexcept;
  void finish() noexcept;
  void failed(const fault& why) noexcept;
  void let_go() noexcept;
  kept forget_build() noexcept;
  bool raised(std::uint32_t what) const noexcept { return (signals_.load() & what) != 0; }

  const environment world_;  // its own copy: a timer may fire as its pool ends
  const boost::intrusive_ptr<mailbox> mailbox_;
  guest_maker& maker_;
  const rebuild_policy policy_;

  turn turn_;
  std::atomic<std::uint32_t> signals_{0};

  // Written under the lock. The driver alone writes what is built, so it may read that without.
  mutable std::mutex mutex_;
  kept built_;  // not ready yet
  time_point build_due_{};
  std::vector<kept> ready_;

  // The driver's own.
  bool timed_ = false;  // the build under way
  bool backing_off_ = false;
  bool gone_ = false;
  unsigned failures_ = 0;

  // Guarded by the mailbox's lock.
  bool builds_ = false;

  timer build_timer_{*this};
  timer retry_timer_{*this};
};

}  // namespace holdfast::core
