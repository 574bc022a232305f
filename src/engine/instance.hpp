// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <holdfast/value_parts.hpp>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "core/cell.hpp"
#include "core/guest.hpp"
#include "engine/brief_exports.hpp"
#include "engine/handle.hpp"
#include "engine/objects.hpp"

/// A guest over Wasmtime: one store with one instance in it. Of a component with async functions several
/// calls may be in flight.
///
/// With a tape (`blueprint::link`) all that its guest learns from outside is recorded: clocks, random
/// numbers, the environment, what was ready, what `holdfast:call/context` and host functions answered.
/// Another instance of the component to which that is played does the same again, calls no host function,
/// waits for no clock, and what it says is dropped. A segment is what goes on between two of the three
/// functions for it: an instantiation, a call, or both.
namespace holdfast::bridge {

class instance final : public core::guest {
 public:
  /// `kept` is null where no resource was defined, `brief` where no export is.
  instance(const hfb_blueprint* from, boost::intrusive_ptr<core::poller> owner, const core::home& where,
           const core::time_source& clock, std::shared_ptr<objects> kept,
           std::shared_ptr<const brief_exports> brief) noexcept;
  instance(const instance&) = delete;
  instance& operator=(const instance&) = delete;
  ~instance() override;

  core::guest_state poll() override;
  void move_in(const core::home& where) noexcept override { home_ = {where.cell, where.generation}; }
  std::optional<error> start(const core::request& what) override;
  void known_as(core::call& which) noexcept override;
  bool open() const noexcept override;
  bool stirs() const noexcept override;
  bool is_alone(std::uint32_t function) const noexcept override;
  std::optional<core::answer> next_answer() override;
  core::buffer take_result() override;
  core::fault take_fault() override;
  std::uint64_t memory() const noexcept override;
  std::size_t held() const noexcept override;
  void ask_to_stop(std::uint64_t number) noexcept override;
  void interrupt() noexcept override;
  void forget_interrupt() noexcept override;

  /// Of an instance with a tape, before its first poll or between calls, on the driving thread: what comes
  /// next learns what the bytes have, which are copied, and not from outside. Where it asks for anything else
  /// it fails with `replay_diverged`.
  void play(std::span<const std::byte> tape);

  /// Ends a segment, and records the next: what was asked for in this one, which may be nothing. None where
  /// that was more than the limit, and where it was played.
  std::optional<core::buffer> take_tape();

  /// Ends a segment that was played, and records the next; `replay_diverged`: the bytes were not used up, and
  /// what comes next in them. It changes nothing where none was played.
  std::optional<error> end_play();

  /// Fuel that the last call used; 0 where it is not counted. Between polls.
  std::uint64_t fuel_used() const noexcept;

  /// What a host function works for: a call in flight, and none where it is that of a task which goes on
  /// after its call's result, or of a start function.
  struct errand {
    boost::intrusive_ptr<core::call> caller{};
    unsigned attempt = 0;
    std::stop_token stop{};  ///< fires when the call is asked to stop
    std::stop_token gone{};  ///< fires when the instance goes, if the other may not
  };
  /// `number`: as `hfb_host_call_of` has it; none where one call at a time runs. On the driving thread.
  errand errand_of(std::optional<std::uint64_t> number) const;

  /// Fires when the instance goes, whatever was asked before.
  std::stop_token cut_token() const noexcept { return cut_.get_token(); }

  /// Whether tasks of several calls may run.
  bool concurrent() const noexcept { return concurrent_; }

  /// Makes the calls in flight known to whoever looks for them. On the driving thread.
  void show_all() const noexcept;

  /// The call in flight that is known; unset: there is none, or tasks of several may run, also of one that
  /// has its result. On the driving thread.
  call_id only_call() const noexcept;

  /// The embedder's objects that its guest has; null where there can be none.
  const std::shared_ptr<objects>& kept() const noexcept { return kept_; }
  /// The bridge's callback for one that the guest gave up.
  static void drop_object(void* user, std::uint32_t object) noexcept;

  /// What the handles that it issues are from.
  wit::handle::home home() const noexcept { return home_; }

  /// Answers what guests ask of `holdfast:call/context`: every blueprint is linked with it.
  static const hfb_context context;

 private:
  struct flight {
    core::request what;
    // Made when it is first wanted: most calls are never stopped.
    mutable std::optional<std::stop_source> stop{};
  };
  using flights = boost::container::small_vector<flight, 1>;
  void take_ended();
  const flight* find(std::uint64_t number) const noexcept;
  const flight* asking(std::uint64_t call) const noexcept;  // by the bridge's number
  bool asked_to_stop(const flight& which) const noexcept;
  static core::call* known(const flight& which) noexcept;  // shown; null: nobody's
  static void look(void* user, std::uint64_t call, hfb_attempt* out) noexcept;
  static bool time_left(void* user, std::uint64_t call, std::uint64_t* out) noexcept;
  static bool land(void* user, hfb_slice run) noexcept;

  wit::handle::home home_;  // written before its first call; a start function alone may see the one before
  const core::time_source& clock_;
  const std::shared_ptr<objects> kept_;
  const std::shared_ptr<const brief_exports> brief_;
  const hfb_blueprint* const from_;
  const bool concurrent_;
  flights flights_;                  // from `start` until a poll tells the end
  std::vector<core::answer> ended_;  // of calls that tasks ran, not taken yet
  std::size_t next_ended_ = 0;       // of them
  bool landed_ = false;              // its result went to a newcomer whom nobody knows yet
  core::buffer kept_result_;         // what landed and was taken back, packed
  std::stop_source stop_;            // of the one call at a time; of several, when the instance goes
  std::stop_source cut_;
  std::optional<core::fault>
      fault_;  // before anything ran: it could not be made, or a call could not be started
  instance_handle handle_;
};

}  // namespace holdfast::bridge
