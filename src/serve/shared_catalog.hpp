// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <utility>

#include "serve/hosted.hpp"

/// The catalog that is in force, which each request of each thread asks for.
namespace holdfast::serve {

/// One count of who has it would go from core to core with every request: threads have one of several.
///
/// @par Thread safety  shared objects: safe
class shared_catalog {
 public:
  shared_catalog() { store(std::make_shared<const catalog>()); }

  std::shared_ptr<const catalog> load() const noexcept { return lanes_[lane_of_thread()].of.load(); }

  /// One thread may have the new one a little before another.
  void store(std::shared_ptr<const catalog> next) {
    std::array<std::shared_ptr<const catalog>, lane_count> all;
    for (auto& each : all) {
      auto counted = std::make_shared<const std::shared_ptr<const catalog>>(next);
      const catalog* const what = counted->get();
      each = std::shared_ptr<const catalog>(std::move(counted), what);
    }
    for (std::size_t i = 0; i < lane_count; ++i) lanes_[i].of.store(std::move(all[i]));
  }

 private:
  static constexpr std::size_t lane_count = 16;
  struct alignas(64) lane {
    std::atomic<std::shared_ptr<const catalog>> of{};
  };
  static std::size_t lane_of_thread() noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % lane_count;
    return mine;
  }

  std::array<lane, lane_count> lanes_{};
};

}  // namespace holdfast::serve
