// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/chance.hpp"

/// Who decides what happens next: chance, from a seed, or all possibilities in turn.
namespace holdfast::sim {

/// The one source of what a schedule may do either way.
class choices {
 public:
  virtual ~choices() = default;

  /// Which of `ready` goes on, as an index. `may_stay`: the first of them is the one that runs now, and could
  /// go on.
  virtual std::size_t next(std::span<const int> ready, bool may_stay) = 0;

  /// Whether to ask `next` at all, at a point where the one that runs could go on.
  virtual bool look_around() = 0;

  /// A number below `bound`, for all that is not about fibers: which task a worker takes, how far time jumps.
  virtual std::uint32_t pick(std::uint32_t bound) = 0;

  /// Whether what follows is part of what is decided. If not, everybody has their turn in order.
  virtual void explore(bool /*on*/) {}
};

/// From a seed. How readily it switches, and whom it favours, is part of the seed: some schedules are even,
/// some starve somebody for long.
class seeded_choices final : public choices {
 public:
  explicit seeded_choices(std::uint64_t seed) noexcept;

  std::size_t next(std::span<const int> ready, bool may_stay) override;
  bool look_around() override;
  std::uint32_t pick(std::uint32_t bound) override { return chance_.below(bound); }

 private:
  std::uint32_t weight(int fiber) noexcept;

  chance chance_;
  std::uint32_t readiness_;  // switches once in so many points
  bool even_;
  std::array<std::uint32_t, 64> weights_{};
};

/// Every schedule, one a run: stateless model checking by replay.
///
/// A run is the list of its decisions. After it, the last decision that has an option left takes the next one
/// and all after it are forgotten; the next run repeats the list and takes first options from there. When no
/// decision has an option left, every list was run exactly once.
class every_choice final : public choices {
 public:
  static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

  /// `preemptions`: how often a run may take the turn from a fiber that could go on. Unbounded: as often as
  /// there are points.
  explicit every_choice(std::size_t preemptions = unbounded) noexcept : most_(preemptions) {}

  /// Prepares the next run. False: all were run.
  bool advance();

  /// Runs that were prepared, the first one included.
  std::uint64_t runs() const noexcept { return runs_; }

  /// Decisions of the longest run.
  std::size_t deepest() const noexcept { return deepest_; }

  std::size_t next(std::span<const int> ready, bool may_stay) override;
  bool look_around() override { return exploring_ && used_ < most_; }
  void explore(bool on) override { exploring_ = on; }
  std::uint32_t pick(std::uint32_t bound) override;

 private:
  struct decision {
    std::uint32_t taken = 0;
    std::uint32_t options = 1;
  };
  std::vector<decision> made_;
  std::size_t at_ = 0;
  std::size_t deepest_ = 0;
  std::uint64_t runs_ = 1;
  const std::size_t most_;
  std::size_t used_ = 0;
  bool exploring_ = true;
  int last_ = -1;  // whose turn it was while nothing is explored
};

}  // namespace holdfast::sim
