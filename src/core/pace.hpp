// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "core/time_source.hpp"

/// How fast a queue moves while something waits in it.
///
/// Measured over the last few calls that instances ran, so it has all that slows them: how long calls take,
/// how many instances serve, what else the machine does. What expired or was revoked does not count. As soon
/// as nothing waits it is forgotten, since a queue that moves as fast as calls come tells nothing of how fast
/// it could.
namespace holdfast::core {

/// Not thread-safe: guarded by its queue's lock.
class pace {
 public:
  /// A call is about to wait behind `ahead` others.
  void queued(std::size_t ahead, time_point now) noexcept {
    if (ahead > 0) return forget_old(now);
    since_ = half_at_ = now;
    early_ = late_ = 0;
  }

  /// Before it is asked.
  void forget_old(time_point now) noexcept {
    if (late_ < half) return;
    since_ = half_at_;
    early_ = late_;
    half_at_ = now;
    late_ = 0;
  }

  /// Instances that ran so many calls are done with them.
  void served(std::size_t calls = 1) noexcept { late_ += calls; }

  /// How long the queue will take to move on by so many calls; zero where too little is known to say.
  duration of(std::size_t calls, time_point now) const noexcept {
    const std::size_t served = early_ + late_;
    if (served < least || now <= since_) return duration::zero();
    // In floating point: a queue may have stood still for long, and be deep.
    const double all = static_cast<double>((now - since_).count()) / static_cast<double>(served) *
                       static_cast<double>(calls);
    constexpr auto most = static_cast<double>(duration::max().count() / 2);
    return duration(static_cast<duration::rep>(all < most ? all : most));
  }

 private:
  static constexpr std::size_t least = 8;  // calls that tell something
  static constexpr std::size_t half = 16;  // what is older than two halves is forgotten, half by half
  time_point since_{};
  time_point half_at_{};
  std::size_t early_ = 0;  // served until then
  std::size_t late_ = 0;   // and from then on
};

}  // namespace holdfast::core
