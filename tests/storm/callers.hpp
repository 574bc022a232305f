// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "storm/ground.hpp"
#include "storm/plan.hpp"

/// The callers: every form of calling, and every way to leave.
namespace holdfast::storm {

/// Those that live in event loops. Answers at once; the call is made and answered on the loops.
class loops {
 public:
  loops() = default;
  loops(const loops&) = delete;
  loops& operator=(const loops&) = delete;
  ~loops() { join(); }

  boost::asio::any_io_executor executor() noexcept { return io_.get_executor(); }
  void start(ground& on);
  /// False: enough of them are under way, and nothing was asked.
  bool run(const errand& what);
  /// Waits until each was told. The host still runs then.
  void finish();
  void join();

 private:
  void coroutine(const errand& what, std::shared_ptr<awaited> wait);
  void cancelled(const errand& what, std::shared_ptr<awaited> wait);
  bool end_soon(const errand& what);
  void end_contexts();

  boost::asio::thread_pool io_{2};
  ground* on_ = nullptr;
  std::atomic<std::uint64_t> under_way_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<errand> short_lived_;  // for contexts that end
  bool ending_ = false;
  std::thread ender_;
};

/// One that is a thread of its own.
class caller {
 public:
  caller(ground& on, loops& others) noexcept : on_(on), book_(on.book()), others_(others) {}
  /// Makes one request, to the end of its caller's part.
  void run(const errand& what);
  /// Comes back for all that it left.
  void finish();

 private:
  void told_of(const record_ptr& one, const error& refused);
  std::optional<ticket> submit(const errand& what);
  void call_typed(const errand& what);
  void give_back(const reply& given);
  void come_back();

  ground& on_;
  ledger& book_;
  loops& others_;
  std::deque<std::pair<record_ptr, call_id>> left_;
};

}  // namespace holdfast::storm
