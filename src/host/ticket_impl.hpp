// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/ticket.hpp>
#include <memory>
#include <utility>

#include "host/host_impl.hpp"
#include "host/pool_call.hpp"
#include "host/pool_impl.hpp"

/// What a `ticket` holds.
namespace holdfast {

struct ticket::impl {
  impl(boost::intrusive_ptr<detail::pool_call> which, std::shared_ptr<host::impl> by, core::call::reading how,
       bool by_key = false) noexcept
      : asked(std::move(which)), owner(std::move(by)), reads(how), joined(by_key) {
    asked->claim();
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() { asked->abandon(); }

  const boost::intrusive_ptr<detail::pool_call> asked;
  const std::shared_ptr<host::impl> owner;
  const core::call::reading reads;
  const bool joined;  ///< the call was another's: it is not this one's to take back
};

}  // namespace holdfast

namespace holdfast::detail {

/// Hands a request over that is kept, and answers with a claim on its call. What `asked` holds is used up.
result<ticket> submit(const pool::impl& in, edition& to, checked_request& asked, const call_options& options);

}  // namespace holdfast::detail
