// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/value_parts.hpp>
#include <optional>
#include <stop_token>

#include "core/cell.hpp"
#include "core/guest.hpp"
#include "engine/brief_exports.hpp"
#include "engine/handle.hpp"
#include "engine/objects.hpp"

/// A guest over Wasmtime: one store with one instance in it.
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
  core::buffer take_result() override;
  core::fault take_fault() override;
  std::uint64_t memory() const noexcept override;
  std::size_t held() const noexcept override;
  void ask_to_stop() noexcept override;
  void interrupt() noexcept override;

  /// Fuel that the last call used; 0 where it is not counted. Between polls.
  std::uint64_t fuel_used() const noexcept;

  /// The token that host functions of the call in flight get. On the driving thread.
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }

  /// Fires when the instance goes, whatever was asked before.
  std::stop_token cut_token() const noexcept { return cut_.get_token(); }

  /// Which attempt the call in flight is; 0 between calls. On the driving thread.
  unsigned attempt() const noexcept { return current_ ? current_->attempt : 0; }

  /// The call in flight; null between calls. On the driving thread.
  boost::intrusive_ptr<core::call> in_flight() const noexcept;

  /// The embedder's objects that its guest has; null where there can be none.
  const std::shared_ptr<objects>& kept() const noexcept { return kept_; }
  /// The bridge's callback for one that the guest gave up.
  static void drop_object(void* user, std::uint32_t object) noexcept;

  /// What the handles that it issues are from.
  wit::handle::home home() const noexcept { return home_; }

  /// Answers what guests ask of `holdfast:call/context`: every blueprint is linked with it.
  static const hfb_context context;

 private:
  bool take_ended() noexcept;          // the call in flight has its result
  core::call* known() const noexcept;  // of the attempt in flight, which is shown; null: of nobody's
  static void look(void* user, hfb_attempt* out) noexcept;
  static bool time_left(void* user, std::uint64_t* out) noexcept;
  static bool land(void* user, hfb_slice run) noexcept;

  wit::handle::home home_;  // written before its first call; a start function alone may see the one before
  const core::time_source& clock_;
  const std::shared_ptr<objects> kept_;
  const std::shared_ptr<const brief_exports> brief_;
  std::optional<core::request> current_;  // from `start` until a poll tells its end
  const bool concurrent_;
  std::uint64_t begun_ = 0;   // calls, of a component with async functions
  bool ended_ = false;        // its result was taken from the bridge
  bool landed_ = false;       // its result went to a newcomer whom nobody knows yet
  core::buffer kept_result_;  // what landed and was taken back, packed
  std::stop_source stop_;
  std::stop_source cut_;
  std::optional<core::fault>
      fault_;  // before anything ran: it could not be made, or a call could not be started
  instance_handle handle_;
};

}  // namespace holdfast::bridge
