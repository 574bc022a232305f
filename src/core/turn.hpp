// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

/// Whose turn it is to drive something: nobody's, that of the worker whom it was posted to, or of the thread
/// that drives it.
///
/// One thread at a time drives. What wakes it meanwhile is not lost: it is driven once more.
namespace holdfast::core {

/// Thread-safe. Where an answer says so, the caller posts it to the workers.
class turn {
 public:
  /// Whether nobody drives it or is about to.
  bool parked() const noexcept { return at_.load() == at::parked; }

  /// Takes the turn where nobody has it. False: somebody drives it or is about to.
  bool take() noexcept {
    at seen = at::parked;
    return at_.compare_exchange_strong(seen, at::driving);
  }

  /// For the worker whom it was posted to.
  void begin() noexcept { at_.store(at::driving); }

  /// Driving it is worth while. True: post it.
  bool wake() noexcept {
    at seen = at_.load();
    for (;;) {
      switch (seen) {
        case at::parked:
          if (!at_.compare_exchange_weak(seen, at::posted)) continue;
          return true;
        case at::driving:
          if (!at_.compare_exchange_weak(seen, at::rerun)) continue;
          return false;
        case at::posted:
        case at::rerun:
        case at::ended:
          return false;
      }
    }
  }

  /// For the driver: forgets that it was woken, by whomever, to look again itself. False: it was not.
  bool forget_wake() noexcept {
    at seen = at::rerun;
    return at_.compare_exchange_strong(seen, at::driving);
  }

  /// For the driver: gives the turn back. True: there is more, or it was woken: post it.
  bool leave(bool more) noexcept {
    at seen = at::driving;
    if (!more && at_.compare_exchange_strong(seen, at::parked)) return false;
    at_.store(at::posted);
    return true;
  }

  /// For the driver: nobody drives it any more. A late wake touches nothing, the world may be gone.
  void end() noexcept { at_.store(at::ended); }

 private:
  enum class at : std::uint8_t { parked, posted, driving, rerun, ended };

  std::atomic<at> at_{at::parked};
};

}  // namespace holdfast::core
