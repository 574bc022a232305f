// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>

/// What the gateway counts of its connections and requests.
namespace holdfast::serve {

/// Thread-safe.
class http_figures {
 public:
  void connection_opened() noexcept { connections_.fetch_add(1, std::memory_order_relaxed); }
  void connection_closed() noexcept { connections_.fetch_sub(1, std::memory_order_relaxed); }
  /// A request was answered with this status.
  void answered(unsigned status) noexcept {
    requests_[status < requests_.size() ? status : 0].fetch_add(1, std::memory_order_relaxed);
  }

  std::size_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }
  /// By status; 0: one that no status has.
  std::map<unsigned, std::uint64_t> requests() const {
    std::map<unsigned, std::uint64_t> made;
    for (std::size_t i = 0; i < requests_.size(); ++i)
      if (const auto some = requests_[i].load(std::memory_order_relaxed); some > 0)
        made[static_cast<unsigned>(i)] = some;
    return made;
  }

 private:
  // Counts that order nothing: relaxed.
  std::atomic<std::size_t> connections_{0};
  std::array<std::atomic<std::uint64_t>, 600> requests_{};
};

}  // namespace holdfast::serve
