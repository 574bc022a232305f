// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

/// A host function that is to run, on a thread that no guest needs.
namespace holdfast::bridge {

struct function_job {
  /// Runs it. It has ended when this has returned and what it was given is gone: a coroutine keeps that with
  /// its frame.
  std::function<void(std::shared_ptr<void> running)> work{};
  /// Instead of `work`: it cannot be run, and why. Either is called once at most; neither, where the instance
  /// was cut first or the executor's context ended.
  std::function<void(std::string_view why)> refuse{};
  /// Fires when the instance is cut: from then on nobody waits for the work, which may never end.
  std::stop_token cut{};
  /// Where it runs; empty: on a thread of the host's.
  boost::asio::any_io_executor executor{};
  /// What its arguments keep until it begins.
  std::size_t bytes = 0;
};

/// Runs a job soon, or refuses it. Any thread; never runs it in here.
using function_runner = std::function<void(function_job)>;

}  // namespace holdfast::bridge
