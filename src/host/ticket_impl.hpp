// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/ticket.hpp>
#include <memory>

#include "host/pool_call.hpp"
#include "host/pool_impl.hpp"

/// What a `ticket` holds.
namespace holdfast {

struct ticket::impl {
  boost::intrusive_ptr<detail::pool_call> asked;
  std::shared_ptr<pool::impl> of;
};

}  // namespace holdfast
