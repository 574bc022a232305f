// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <holdfast/typed_reply.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/call.hpp"
#include "core/dialogue.hpp"
#include "host/actor_state.hpp"
#include "host/actor_timers.hpp"
#include "host/call_arguments.hpp"
#include "host/keyed_export.hpp"
#include "wit/packed.hpp"

/// A call of a pool's export, with its packed arguments.
namespace holdfast::detail {

class pool_call final : public core::call {
 public:
  pool_call(core::environment& world, const call_id& id, const core::call_terms& terms,
            const wit::function& target, call_arguments&& arguments, std::string_view key = {})
      : call(world, id, target.index, terms),
        result_(target.result),
        arguments_(std::move(arguments)),
        key_(key) {}
  /// One that was done in a process before this one.
  pool_call(core::environment& world, const call_id& id, std::optional<wit::type> result,
            std::string_view key)
      : call(world, id, 0, {}), result_(std::move(result)), key_(key) {}
  pool_call(const pool_call&) = delete;
  pool_call& operator=(const pool_call&) = delete;
  /// The resources in a result that nobody read are released, and its streams closed: nobody else could.
  ~pool_call() override;

  std::span<const std::byte> arguments() const noexcept override { return arguments_.bytes(); }
  std::size_t bytes() const noexcept override {
    return arguments_.size() + key_.size() + (with_ != nullptr ? with_->bytes() : 0);
  }
  /// Of one that has a dialogue in place of arguments, before it is admitted.
  void talks(std::shared_ptr<core::dialogue> with) noexcept { with_ = std::move(with); }
  core::dialogue* with() const noexcept override { return with_.get(); }
  /// Small ones go with the call: as a rule on the thread that made them, whose memory they came from.
  void forget_arguments(bool parked) noexcept override {
    if (parked || arguments_.size() > 4096) arguments_.forget();
    if (draft() != nullptr) forget_wishes();
  }
  std::string_view key() const noexcept override { return key_; }
  /// Of a call with a key, before it is admitted: its export, and the time that its caller gave it.
  void is_of(std::shared_ptr<const keyed_export> which, duration deadline) noexcept {
    of_ = std::move(which);
    deadline_asked_ = deadline;
  }
  void leaves_state(std::shared_ptr<const core::guest_state_record> what) noexcept override;
  std::size_t state_bytes() const noexcept override;
  /// Of an actor's call that has completed; null: nothing is to be kept with it.
  const actor_state_ptr& state() const noexcept { return state_; }
  /// It is kept.
  void forget_state() noexcept { state_.reset(); }
  /// Of an actor's, before it is admitted: whose, and whether its export is marked `read-only`.
  void is_of_actor(const core::key_print& which, bool reads_only) noexcept {
    actor_ = which;
    reads_only_ = reads_only;
  }
  const std::optional<core::key_print>& actor() const noexcept { return actor_; }
  bool reads_only() const noexcept { return reads_only_; }
  /// Its export has returned; what the guest does now is to give its state.
  void returned() noexcept { returned_.store(true); }
  bool has_returned() const noexcept { return returned_.load(); }
  /// What its guest sets and cancels of timers; made when it is asked for. Null: nothing yet.
  timer_draft& timers();
  timer_draft* draft() const noexcept { return timers_.load(); }
  /// It has completed, as the actor of that key: they hold.
  void hold_timers(const std::string& key) {
    if (timer_draft* const made = draft()) made->of->hold(*this, key);
  }
  /// The key of the next call that its guest makes in this attempt: the same in each.
  std::string key_of_child(unsigned attempt);
  /// Null: it has no key.
  const keyed_export* of() const noexcept { return of_.get(); }
  duration deadline_asked() const noexcept { return deadline_asked_; }
  /// For another call of the same request; this one was not accepted.
  call_arguments give_back_arguments() noexcept { return std::move(arguments_); }

  /// What its export returns.
  const std::optional<wit::type>& result() const noexcept { return result_; }

  /// What a caller is told once the call is done.
  reply outcome_reply() const;
  /// The same, the value going into the sink.
  reply outcome_reply(const value_sink& into) const;
  /// What a caller is told who stopped waiting.
  reply detached_reply() const;

 private:
  void release_result() const;
  void forget_wishes() noexcept;

  // Relaxed: the count of references orders it before the end.
  mutable std::atomic<bool> read_{false};
  const std::optional<wit::type> result_;  // its own: a parked call outlives its pool and component
  call_arguments arguments_;
  std::shared_ptr<core::dialogue> with_;
  const std::string key_;
  std::shared_ptr<const keyed_export> of_;
  duration deadline_asked_ = no_limit;
  actor_state_ptr state_;
  std::atomic<std::uint64_t> children_{0};  // the attempt, and how many it has made
  std::optional<core::key_print> actor_;
  bool reads_only_ = false;
  std::atomic<bool> returned_{false};
  std::atomic<timer_draft*> timers_{nullptr};
};

/// What a caller asks of a pool, checked and packed.
struct checked_request {
  const wit::function* of = nullptr;
  call_arguments arguments{};
  std::optional<core::home> only_in{};     ///< the instance that issued the handles among the arguments
  std::shared_ptr<core::dialogue> with{};  ///< in place of arguments
};

/// Gives the value of a completed call to the sink. False: it cannot be taken over, and the reply says so.
bool read_value(reply& told, const std::optional<wit::type>& result, std::span<const std::byte> packed,
                const value_sink& into);

/// A sink into the value of a plain reply.
value_sink sink_into_value(std::optional<wit::value>& value) noexcept;

/// The request to release a resource, but for where.
struct releasing {
  explicit releasing(std::uint64_t handle);
  wit::function target;
  call_arguments arguments;
};

/// What a caller is told of a request that was not accepted.
reply refused_reply(const error& why);

}  // namespace holdfast::detail
