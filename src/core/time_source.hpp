// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/duration.hpp>

/// Where core reads the time. Injected, so that tests and the simulator own it.
namespace holdfast::core {

class time_source {
 public:
  virtual ~time_source() = default;
  virtual time_point now() const noexcept = 0;
};

/// The machine's steady clock.
class steady_time final : public time_source {
 public:
  time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
};

/// `start + length` without overflow: a limit that is not one stays `time_point::max()`.
constexpr time_point later(time_point start, duration length) noexcept {
  return length >= time_point::max() - start ? time_point::max() : start + length;
}

}  // namespace holdfast::core
