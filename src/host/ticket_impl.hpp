// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/ticket.hpp>
#include <memory>
#include <utility>

#include "host/host_impl.hpp"
#include "host/pool_call.hpp"

/// What a `ticket` holds.
namespace holdfast {

struct ticket::impl {
  impl(boost::intrusive_ptr<detail::pool_call> which, std::shared_ptr<host::impl> by,
       core::call::reading how) noexcept
      : asked(std::move(which)), owner(std::move(by)), reads(how) {
    asked->claim();
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() { asked->abandon(); }

  const boost::intrusive_ptr<detail::pool_call> asked;
  const std::shared_ptr<host::impl> owner;
  const core::call::reading reads;
};

}  // namespace holdfast
