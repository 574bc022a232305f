// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

/// A host function that is to run, on a thread that no guest needs.
namespace holdfast::bridge {

struct function_job {
  std::function<void()> work;
  /// Instead of `work`: it cannot be run, and why. Either is called once at most.
  std::function<void(std::string_view why)> refuse;
  /// Fires when the instance is cut: from then on nobody waits for the work, which may never return.
  std::stop_token cut;

  void operator()() const { work(); }
};

/// Runs a job soon, or refuses it. Any thread; never runs it in here.
using function_runner = std::function<void(function_job)>;

}  // namespace holdfast::bridge
