// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <holdfast/error.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/call.hpp"
#include "core/records.hpp"

/// What is kept of an actor, so that its next instance can go on from there.
namespace holdfast::detail {

/// One call of a deterministic actor that has completed since its last state: what it takes to do the same
/// again. Each has the one before it, so that who appends one shares the rest.
struct actor_step {
  explicit actor_step(std::shared_ptr<actor_step> comes_after) noexcept : before(std::move(comes_after)) {}
  actor_step(const actor_step&) = delete;
  actor_step& operator=(const actor_step&) = delete;
  // One by one: they would go deeper than any stack else.
  ~actor_step() {
    while (before != nullptr && before.use_count() == 1) {
      std::atomic_thread_fence(std::memory_order_acquire);  // whoever let it go has done with it
      before = std::exchange(before->before, nullptr);
    }
  }

  std::uint64_t serial = 0;
  std::array<std::byte, 16> written_by{};  ///< the digest of the component
  std::string function{};
  std::vector<std::byte> arguments{};
  std::array<std::byte, 16> result{};  ///< hash
  std::vector<std::byte> tape{};
  std::vector<std::byte> beginning{};  ///< of its instance; of the first alone
  std::shared_ptr<actor_step> before;  ///< null: the state comes before it
  bool in_journal = false;             ///< the writer's to know

  std::size_t bytes() const noexcept {
    return sizeof(*this) + function.size() + arguments.size() + tape.size() + beginning.size();
  }
};

using snapshot_ptr = std::shared_ptr<const std::vector<std::byte>>;

/// Never changed once made: a newer one takes its place.
struct actor_state final : core::guest_state_record {
  core::key_print actor{};  ///< hash of the group's name and the actor's key
  std::string group;        ///< `actor_options::name`
  std::string key;
  std::uint64_t serial = 0;                ///< states and steps that it had before
  std::uint64_t calls = 0;                 ///< that had completed by then and may have changed it
  std::array<std::byte, 16> written_by{};  ///< the digest of the component; zeros: none has given any
  snapshot_ptr snapshot{};                 ///< what the guest gave; null: it has given nothing yet
  /// Calls may have completed since that are neither in it nor among the steps.
  bool open = false;

  std::shared_ptr<actor_step> last_step{};  ///< null: none since
  std::size_t step_bytes = 0;               ///< of all steps

  /// Of the last thing that is kept.
  std::uint64_t newest() const noexcept { return last_step != nullptr ? last_step->serial : serial; }
  std::uint64_t steps() const noexcept { return newest() - serial; }

  std::size_t bytes() const noexcept {
    return sizeof(*this) + group.size() + key.size() + (snapshot != nullptr ? snapshot->size() : 0) +
           step_bytes;
  }
};

using actor_state_ptr = std::shared_ptr<const actor_state>;

}  // namespace holdfast::detail
