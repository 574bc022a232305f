// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <utility>

#include "core/newcomer.hpp"
#include "host/pool_impl.hpp"

/// A request to a pool on its way past the queue, and the call that is made of it where it goes on.
namespace holdfast::detail {

/// Who waits for the call is for those who derive from it: `join` attaches it.
class pool_newcomer : public core::newcomer {
 public:
  /// Whether this thread may take it to an idle cell.
  bool may_pass() const;

  /// The call that is made of it, now or before. What was asked is used up then.
  const boost::intrusive_ptr<pool_call>& call() {
    if (call_ == nullptr) call_ = in_.make(std::move(asked_), how_, {.bound = true}, id());
    return call_;
  }

  /// Its end, where no call was made of it. `told` is empty; `into` is null for a plain reply, whose value it
  /// is. `landed`: the value is there already.
  void end_of_unseen(reply& told, const value_sink* into, bool landed = false);

 protected:
  /// All of it is the caller's and outlives this. `otherwise`: who runs the first slice where the options do
  /// not say.
  pool_newcomer(const pool::impl& in, checked_request& asked, const call_options& how, start otherwise,
                std::stop_token& stop);
  ~pool_newcomer() = default;

  boost::intrusive_ptr<core::call> become() noexcept override { return call(); }

  const pool::impl& in_;
  std::stop_token& stop_;  // what its caller leaves on

 private:
  const call_options& how_;
  const start otherwise_;
  checked_request& asked_;
  boost::intrusive_ptr<pool_call> call_;
};

}  // namespace holdfast::detail
