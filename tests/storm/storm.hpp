// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "storm/callers.hpp"
#include "storm/ground.hpp"
#include "storm/ledger.hpp"
#include "storm/machine.hpp"

/// One storm, from the opening of its pools to the end of its host.
namespace holdfast::storm {

struct settings {
  std::uint64_t calls = 1'000'000;  ///< accepted ones, at least
  double seconds = 600;             ///< at least
  std::uint64_t seed = 1;
};

struct storm_result {
  tally calls{};
  std::uint64_t swaps = 0;
  std::uint64_t drains = 0;
  std::uint64_t cycles = 0;
  double seconds = 0;
  std::vector<double> overshoots{};  ///< in milliseconds, sorted
  std::vector<double> lateness{};    ///< how late the machine itself wakes a thread: the floor of the former
  std::vector<std::string> complaints{};
};

class storm {
 public:
  storm(const engine& with, const guests& of, const settings& how);

  /// Blocks. Once.
  result<storm_result> run();

  const ledger& book() const noexcept { return *book_; }
  std::uint64_t swaps() const noexcept { return ground_->swaps(); }
  std::uint64_t drains() const noexcept { return ground_->drains(); }

 private:
  bool enough() const;
  void be_a_caller();
  void be_the_weather();
  void watch_the_machine(std::vector<double>& lateness) const;

  const settings how_;
  const std::shared_ptr<ledger> book_ = std::make_shared<ledger>();
  loops loops_;
  std::unique_ptr<ground> ground_;
  const time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next_{1};
  std::atomic<bool> over_{false};
};

}  // namespace holdfast::storm
