// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <holdfast/duration.hpp>

/// How long a client is waited for that sends, or takes, slowly.
namespace holdfast::serve {

/// Of one body in one direction. Each piece may take as long as `pause`; all of them together as long again
/// as that, and as its bytes take at the least rate. Without the second, a byte now and then would hold a
/// connection for ever.
class patience {
 public:
  /// `rate`: bytes a second; 0: none is asked for.
  patience(duration pause, std::uint64_t rate) noexcept : pause_(pause), rate_(rate) {}

  /// A body begins.
  void reset() noexcept {
    bytes_ = 0;
    waited_ = duration::zero();
  }
  /// How long the next piece may take.
  duration next() const noexcept {
    using seconds = std::chrono::duration<double>;
    if (rate_ == 0) return pause_;
    const seconds left = seconds(pause_) + seconds(static_cast<double>(bytes_) / static_cast<double>(rate_)) -
                         seconds(waited_);
    if (left >= seconds(pause_)) return pause_;
    return std::max(duration::zero(), std::chrono::duration_cast<duration>(left));
  }
  /// A piece has come, or gone, after such a wait.
  void note(duration waited, std::uint64_t bytes) noexcept {
    waited_ += waited;
    bytes_ += bytes;
  }

 private:
  const duration pause_;
  const std::uint64_t rate_;
  std::uint64_t bytes_ = 0;
  duration waited_ = duration::zero();
};

}  // namespace holdfast::serve
