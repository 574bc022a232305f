// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <holdfast/reply.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "serve/task.hpp"

/// A coroutine's wait for a call that is over, as a rule, by the time that it was asked for.
namespace holdfast::serve {

/// Such a reply is there at once: it takes no way through the loop, and the coroutine does not stop for it.
/// For one call, and for the thread of the loop. Stays where it is, until the call is over or the loop is.
class prompt_reply {
 public:
  explicit prompt_reply(loop_executor on) noexcept : on_(on) {}
  prompt_reply(const prompt_reply&) = delete;
  prompt_reply& operator=(const prompt_reply&) = delete;

  /// What `async_call` is given. Leaves the call when `leaves` fires.
  auto handler(asio::cancellation_slot leaves) noexcept { return teller{*this, leaves}; }

  /// Nothing: not yet.
  const std::optional<reply>& told() const noexcept { return told_; }

  /// Until it is told.
  task<void> wait() {
    wakes_.emplace(on_, loop_timer::time_point::max());
    while (!told_) co_await wakes_->async_wait(use_tuple);
  }

 private:
  struct teller {
    using executor_type = loop_executor;
    using cancellation_slot_type = asio::cancellation_slot;
    prompt_reply& to;
    asio::cancellation_slot leaves;

    executor_type get_executor() const noexcept { return to.on_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return leaves; }
    /// Within the initiation (`detail::told_within`).
    void tell_within(reply what) noexcept { to.told_ = std::move(what); }
    /// On the loop.
    void operator()(std::error_code /*in the reply*/, reply what) const {
      to.told_ = std::move(what);
      if (to.wakes_) to.wakes_->cancel();
    }
  };

  const loop_executor on_;
  std::optional<reply> told_{};
  std::optional<loop_timer> wakes_{};
};

}  // namespace holdfast::serve
