// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/component.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/pool.hpp>
#include <memory>
#include <string>
#include <string_view>

/// Keyed, stateful instances of one component: each key is an actor with a state of its own.
///
/// An actor comes to life with its first call. Its calls run one at a time, in the order in which they were
/// accepted. It has an instance while it is resident; when others need that, and after a fault or a crash, it
/// goes on from the state that it gave last, if its component exports `holdfast:actor/lifecycle`
/// (guests/actor/lifecycle.wit). Without that interface it begins anew, and the reply of the first call then
/// says so (`reply::state_lost`).
///
/// What a component keeps is what `snapshot` answers. Exports that return resources, or pass streams, cannot
/// be called here (`bad_arguments`): those would end with the instance.
namespace holdfast {

/// One actor. Cheap to copy; it outlives being given up and brought back, and an exchange of the component.
///
/// Every way of calling is the pool's, with the same meaning, but that retries are the caller's to make: an
/// actor's calls keep their order.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe
class actor : private pool {
 public:
  using pool::async_call;
  using pool::call;
  using pool::executor_type;
  using pool::function;
  using pool::future_call;
  using pool::get_executor;
  using pool::submit;

  /// Which actor it is.
  const std::string& key() const noexcept;
  /// Calls that wait.
  std::size_t queued() const noexcept;
  /// Whether it has an instance, or is about to get one.
  bool resident() const noexcept;

  explicit actor(std::shared_ptr<impl> made) noexcept;  // not for use outside Holdfast
};

/// What the actors of a group do now, and what they did.
struct actor_figures {
  std::size_t resident = 0;        ///< have an instance, or are about to get or to lose it
  std::size_t waiting = 0;         ///< wait for one
  std::uint64_t activations = 0;   ///< times that an actor was given one
  std::uint64_t passivations = 0;  ///< times that one gave it up for another
  /// Of states that are in memory, those of the host's other groups too: all states where there is no
  /// journal.
  std::size_t state_bytes = 0;
  std::size_t timers = 0;  ///< that the group's actors have set (`holdfast:timers`)
};

/// Cheap to copy. Made by `host::open_actors`; its actors live until it is drained or its host ends.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe
class actors {
 public:
  /// The actor of that key, whether it lives already or not. Asks nothing of it.
  /// @par Errors  `bad_arguments`: an empty key, or one of more than 1024 bytes
  [[nodiscard]] result<actor> at(std::string_view key) const;

  /// Exchanges the component. Every actor moves when it is next called: its calls on the old one come to
  /// their end, it gives its state, and an instance of the new one takes that over. Where that one refuses or
  /// fails the actor goes on with the one that gave the state, from the same state, and the observer hears
  /// why (`observer::on_fault`); it tries again the next time it is brought back. So the components before
  /// are kept.
  ///
  /// Calls are checked against the new component at once, but for those of an actor that has waited for a
  /// place since before. One of an export that the old one lacks, or has
  /// with other types, is refused as `no_such_export` by an actor that could not move.
  ///
  /// @par Errors  `unknown_import`, `type_mismatch`, `limit`, `bad_arguments` (its lifecycle interface is
  /// missing where the old one has it, or has other types), `draining`
  /// @par Effect on the guest  none; running calls go on
  [[nodiscard]] result<void> swap(const component& next) const;

  /// The component that calls are checked against.
  holdfast::component component() const;

  /// Counts begin when the group is opened, and not anew with a `swap`.
  actor_figures figures() const;

  /// Admits nothing more, lets queued and running calls finish within `grace`, then kills what still runs and
  /// refuses what still waits. Returns when every call has its outcome and every instance is gone. Not from
  /// inside a callback.
  void drain(duration grace) const;

  struct impl;  // not for use outside Holdfast
  explicit actors(std::shared_ptr<impl> made) noexcept : impl_(std::move(made)) {}
  const std::shared_ptr<impl>& internals() const noexcept { return impl_; }

 private:
  std::shared_ptr<impl> impl_;
};

}  // namespace holdfast
