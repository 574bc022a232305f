// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <holdfast/observer.hpp>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

/// The demo's book-keeping, beside the callers: what Holdfast told of each call, and what callers were
/// answered.
///
/// A call that was accepted and has no outcome is lost. An answer of another call, or one that a guest gave
/// twice, is wrong. A guest's own count that differs from the outcomes is wrong too.
namespace holdfast::cli::demo {

class ledger final : public observer {
 public:
  void on_accepted(const call_id& call) noexcept override;
  void on_refused(errc why) noexcept override;
  void on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept override;
  void on_done(const call_id& call, outcome what) noexcept override;
  void on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
               cell_state to) noexcept override;

  /// A caller was answered with the guest's own serial number.
  void note_answer(std::uint32_t cell, std::uint64_t generation, std::uint64_t serial);
  /// Something that Holdfast promises never happens.
  void note_wrong(std::string why);
  /// What was wrong, a line each, the first hundred.
  std::vector<std::string> complaints();
  /// A caller left before the outcome.
  void note_left() noexcept { left.fetch_add(1); }

  using life = std::pair<std::uint32_t, std::uint64_t>;  ///< an instance: cell and generation

  /// How many calls each instance has completed.
  std::map<life, std::uint64_t> completed();
  std::uint64_t count(outcome what) const noexcept {
    return outcomes_[static_cast<std::size_t>(what)].load();
  }
  std::uint64_t done() const noexcept;

  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> left{0};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> rebuilt{0};

 private:
  struct entry {
    life where{};
    bool done = false;
  };

  std::array<std::atomic<std::uint64_t>, 16> outcomes_{};
  std::mutex mutex_;
  std::unordered_map<call_id, entry> calls_;
  std::map<life, std::uint64_t> completed_;
  std::map<life, std::unordered_set<std::uint64_t>> serials_;
  std::vector<std::string> complaints_;
};

}  // namespace holdfast::cli::demo
