// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <holdfast/host_definition.hpp>
#include <memory>
#include <stop_token>

#include "core/call.hpp"

/// Host functions that are coroutines.
namespace holdfast::bridge {

struct coroutine_start {
  boost::intrusive_ptr<core::call> caller;
  std::stop_token stop;
  boost::asio::any_io_executor strand;
  std::shared_ptr<void> running;  ///< kept until its frame is gone
};

/// Starts a coroutine for a call, from inside its strand: it runs in here to its first suspension. Each time
/// it goes on it does so on behalf of the caller. When the stop token fires its cancellation slot gets
/// `terminal`.
void spawn(const detail::host_definition& definition, host_call call, coroutine_start how) noexcept;

}  // namespace holdfast::bridge
