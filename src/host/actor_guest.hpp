// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/guest.hpp"
#include "core/short_mutex.hpp"
#include "host/actor_home.hpp"

/// One instance of an actor: a guest that is told who it is before its first call, asked for its state after
/// calls, and told when it is given up. One of a deterministic actor is taken through the calls since its
/// last state as soon as it knows who it is.
///
/// To the cell the first is part of building it, the second part of the call, and the last its farewell, so
/// that all of them have deadlines, yield and can be cut like any other work.
namespace holdfast::detail {

class actor_guest final : public core::guest {
 public:
  actor_guest(actor_home& of, boost::intrusive_ptr<core::poller> owner, const core::home& where) noexcept
      : of_(of), owner_(std::move(owner)), where_(where) {}

  core::guest_state poll() override;
  void move_in(const core::home& /*where*/) noexcept override {}  // an actor has no spares
  std::optional<error> start(const core::request& what) override;
  void known_as(core::call& which) noexcept override;
  bool stirs() const noexcept override { return inner_->stirs(); }
  std::optional<core::answer> next_answer() override { return std::nullopt; }
  core::buffer take_result() override { return std::move(result_); }
  core::fault take_fault() override { return std::move(fault_); }
  bool say_farewell() noexcept override;
  bool lost_state() const noexcept override { return of_.lacks(); }
  std::uint64_t memory() const noexcept override { return inner_ != nullptr ? inner_->memory() : 0; }
  std::size_t held() const noexcept override { return inner_ != nullptr ? inner_->held() : 0; }
  void ask_to_stop(std::uint64_t number) noexcept override;
  void interrupt() noexcept override;

 private:
  enum class stage : std::uint8_t {
    looking,   // for its state
    building,  // the instance
    activating,
    replaying,  // a call that was before
    moving,     // gives its state to an instance of the next component
    idle,
    calling,  // for a call
    giving,   // its state, after a call
    parting,  // the same, before it is given up
    leaving,  // in its last call
    parted,
    failed,
  };
  using told = std::optional<core::guest_state>;  // nothing: it goes on

  told step();
  told look();
  void build();
  told built();
  told activate();
  told activated();
  told replay();
  std::optional<core::fault> replayed(const core::buffer& result);
  told settled();
  told completed(core::buffer result);  // the call that runs
  told answered();
  told went(core::buffer result);  // what was begun in this stage has ended
  told begin(stage next, core::request what);
  told fail(core::fault why);
  void say_where(core::fault& why) const;
  told say_last();
  bool is_read_only() const;      // the call that runs
  bool gives_after_call() const;  // its state
  bool log_call();                // false: it takes its state
  std::optional<std::vector<std::byte>> beginning() const;
  std::optional<std::vector<std::byte>> take_tape();

  actor_home& of_;
  const boost::intrusive_ptr<core::poller> owner_;
  const core::home where_;
  stage stage_ = stage::looking;
  std::shared_ptr<const actor_make> made_;  // outlives the instance
  std::vector<std::byte> snapshot_call_;    // the arguments of `activate`
  core::request call_;                      // the one that runs
  std::uint64_t own_calls_ = 0;

  // Of a deterministic actor.
  std::vector<std::shared_ptr<const actor_step>> steps_;  // to be gone through
  std::size_t next_step_ = 0;
  // What its instantiation was told, and `activate`; none: it is too long to be kept.
  std::optional<std::vector<std::byte>> instantiated_;
  std::optional<std::vector<std::byte>> activated_;
  bool activated_by_state_ = false;  // by the one that steps come after; else it has given another since

  std::optional<core::buffer> early_;  // of a task that goes on after its result
  core::buffer result_;
  core::fault fault_;

  core::short_mutex mutex_;  // for who interrupts
  std::unique_ptr<bridge::instance> inner_;
  bool interrupted_ = false;
};

}  // namespace holdfast::detail
