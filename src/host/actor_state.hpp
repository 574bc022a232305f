// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/error.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/call.hpp"
#include "core/records.hpp"

/// What is kept of an actor, so that its next instance can go on from there.
namespace holdfast::detail {

/// Never changed once made: a newer one takes its place.
struct actor_state final : core::guest_state_record {
  core::key_print actor{};  ///< hash of the group's name and the actor's key
  std::string group;        ///< `actor_options::name`
  std::string key;
  std::uint64_t serial = 0;                ///< states that it had before
  std::uint64_t calls = 0;                 ///< that had completed by then and may have changed it
  std::array<std::byte, 16> written_by{};  ///< the digest of the component; zeros: none has given any
  /// What the guest gave; none: it has given nothing yet.
  std::optional<std::vector<std::byte>> snapshot{};
  /// Calls may have completed since that are not in it.
  bool open = false;

  std::size_t bytes() const noexcept {
    return sizeof(*this) + group.size() + key.size() + (snapshot ? snapshot->size() : 0);
  }
};

using actor_state_ptr = std::shared_ptr<const actor_state>;

}  // namespace holdfast::detail
