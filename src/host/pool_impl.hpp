// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <holdfast/observer.hpp>
#include <holdfast/pool.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/cell.hpp"
#include "core/mailbox.hpp"
#include "engine/blueprint.hpp"
#include "host/host_impl.hpp"
#include "host/pool_call.hpp"
#include "wit/packed.hpp"

/// What a `pool` holds.
namespace holdfast {

namespace detail {

/// Tells those who wait for a pool's first instance, and passes every event on to the host's observer.
class readiness final : public observer {
 public:
  explicit readiness(observer& next) noexcept : next_(next) {}

  void on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
               cell_state to) noexcept override;
  void on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                std::string_view untrusted) noexcept override;
  void on_accepted(const call_id& call) noexcept override { next_.on_accepted(call); }
  void on_refused(errc why) noexcept override { next_.on_refused(why); }
  void on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept override {
    next_.on_started(call, cell, generation);
  }
  void on_done(const call_id& call, outcome what) noexcept override { next_.on_done(call, what); }
  void on_detached(const call_id& call) noexcept override { next_.on_detached(call); }

  /// True: an instance is or was ready. False: all broke, or the time is over.
  bool wait(duration limit, std::size_t cells);
  std::optional<error> last_fault();
  /// Whether a cell was closed before it was ready.
  bool closed();

 private:
  observer& next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::size_t broken_ = 0;
  bool closed_ = false;
  std::optional<error> fault_;
};

/// Instances taken from the engine's budget, given back at the end.
class reservation {
 public:
  reservation(engine from, std::uint32_t count) noexcept : from_(std::move(from)), count_(count) {}
  reservation(const reservation&) = delete;
  reservation& operator=(const reservation&) = delete;
  ~reservation();

 private:
  engine from_;
  std::uint32_t count_;
};

}  // namespace detail

struct pool::impl {
  impl(std::shared_ptr<host::impl> owner, pool_options with, std::unique_ptr<bridge::blueprint> linked);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  /// Checks and packs a request, and makes its call.
  result<boost::intrusive_ptr<detail::pool_call>> prepare(std::string_view function,
                                                          wit::arguments&& arguments, const call_options& how,
                                                          bool bound);
  /// Makes the call of a request that was checked and packed.
  boost::intrusive_ptr<detail::pool_call> make_call(const wit::function& target, wit::packed_args&& arguments,
                                                    const call_options& how, bool bound);
  /// Admits nothing more; the cells end when the mailbox is empty.
  void begin_drain() noexcept;
  /// Waits for the cells until `until`, kills what is left, and waits for the rest.
  void finish_drain(time_point until) noexcept;

  // The owner holds the pool until it is drained or the host ends; then this is what keeps the world alive.
  std::shared_ptr<host::impl> owner;
  const pool_options options;
  detail::reservation reserved;
  detail::readiness ready;
  core::environment world;
  std::unique_ptr<bridge::blueprint> blueprint;
  boost::intrusive_ptr<core::mailbox> box;
  std::vector<boost::intrusive_ptr<core::cell>> cells;
};

}  // namespace holdfast
