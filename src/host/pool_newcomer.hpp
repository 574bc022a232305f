// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/newcomer.hpp"
#include "host/edition.hpp"
#include "host/pool_impl.hpp"

/// A request to a pool that its caller hands over itself.
namespace holdfast::detail {

/// Who derives from it says how its caller waits, if the call goes on.
class pool_newcomer : public core::newcomer {
 public:
  /// Takes it to an idle cell, if the options let this thread run a guest. What was asked is used up then.
  core::handed try_cells(edition& of);

  /// The call that is made of it, now or before.
  const boost::intrusive_ptr<pool_call>& call();

  /// All but the value of its end, where no call was made of it.
  reply end_of_unseen();
  const std::optional<wit::type>& result() const noexcept { return asked_.of->result; }

 protected:
  pool_newcomer(const pool::impl& in, checked_request&& asked, const call_options& how)
      : pool_newcomer(in, in.next_id(), std::move(asked), how) {}
  ~pool_newcomer() = default;

  const pool::impl& in_;
  const call_options& how_;

 private:
  pool_newcomer(const pool::impl& in, const call_id& id, checked_request&& asked, const call_options& how);
  boost::intrusive_ptr<core::call> become() noexcept final { return call(); }

  const call_id id_;
  checked_request asked_;
  boost::intrusive_ptr<pool_call> call_;
};

}  // namespace holdfast::detail
