// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/poller.hpp"
#include "host/actor_state.hpp"
#include "host/keyed_export.hpp"

/// The states of a host's actors: in memory, or, where the host has a journal, there.
///
/// With a journal what is here is what is not there yet, and answers of its writer, which alone reads it.
namespace holdfast::detail {

/// Thread-safe. Its lock is a leaf.
class actor_states {
 public:
  /// `wakes` tells the journal's writer that there is something; empty: there is no journal. `calls` are the
  /// records of calls in it.
  explicit actor_states(std::function<void()> wakes, boost::intrusive_ptr<core::records> calls = nullptr)
      : wakes_(std::move(wakes)), calls_(std::move(calls)) {}

  bool journalled() const noexcept { return wakes_ != nullptr; }

  /// What is known of an actor, once, for the guest that is about to be it.
  struct found {
    actor_state_ptr state{};  ///< null: nothing
    std::optional<error> failed{};
  };
  /// Nothing: it is being looked for, and `asks` is woken when it is here.
  std::optional<found> look(const core::key_print& actor, const boost::intrusive_ptr<core::poller>& asks);

  /// It is its actor's from now on. `with_call`: a call takes it to the journal with its own record.
  void put(actor_state_ptr what, bool with_call);

  /// Whether something is here of that actor.
  bool knows(const core::key_print& actor) const noexcept;
  /// Bytes that are here.
  std::size_t bytes() const noexcept;

  // The writer's side.

  /// States that no call takes along, at most so many and until they weigh so much, but for those that come
  /// after calls whose records were not taken yet; and what is asked for.
  std::vector<actor_state_ptr> take(std::size_t most, std::size_t bytes);
  /// They are in the journal.
  void kept(std::span<const actor_state_ptr> what) noexcept;
  std::vector<core::key_print> asked();
  void answer(const core::key_print& actor, found what);

 private:
  struct question {
    boost::intrusive_ptr<core::poller> asks;
    bool taken = false;
    std::optional<found> answer{};
  };

  struct note {
    actor_state_ptr what;
    std::uint64_t after;  // records of calls that were queued before it
  };

  const std::function<void()> wakes_;
  const boost::intrusive_ptr<core::records> calls_;
  mutable std::mutex mutex_;
  std::unordered_map<core::key_print, actor_state_ptr, print_hash> states_;
  std::unordered_map<core::key_print, question, print_hash> questions_;
  std::vector<note> notes_;
  std::size_t bytes_ = 0;
};

}  // namespace holdfast::detail
