// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/component.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/imports.hpp>
#include <holdfast/pool_options.hpp>
#include <holdfast/rebuild_policy.hpp>
#include <string>
#include <vector>

/// How a component's actors are held, and when their state is kept.
namespace holdfast {

struct actor_options {
  /// Whose the actors are: with a journal their states and the keys of their calls are found by it after a
  /// restart, so that one is needed there. Groups of a host that live at the same time have different names.
  std::string name{};

  /// Actors that have an instance at the same time. When another is called, the one that was called least
  /// recently gives its instance up, an idle one first.
  /// They come out of the engine's `max_instances`.
  std::uint32_t resident = 100;
  /// Actors with calls that wait for another to give its instance up. Calls of one more are refused as
  /// `queue_full`.
  std::size_t waiting = 1000;

  /// After how many completed calls an actor's state is asked for (`holdfast:actor/lifecycle`) and kept; it
  /// belongs to the call, whose limits it counts in, and which fails if it fails. Exports marked `read-only`
  /// do not count. 0: after each, and of deterministic actors after 64.
  ///
  /// With 1 what a caller was told of is never lost, and where there is a journal, nobody is told before the
  /// state is on disk. With any more, after a fault or a crash the actor may lack so many calls less one, and
  /// the next reply says so (`reply::state_lost`).
  ///
  /// The same holds of deterministic actors, those of a component that was compiled with `determinism::on`,
  /// whatever the number is: each call that completed since the last state is kept with all that the guest
  /// learned from outside meanwhile, and an instance that takes the place of another does those again, to no
  /// effect but its own. One that then answers anything else than before serves nobody: the actor is broken,
  /// and the error names the call.
  std::uint32_t snapshot_every = 0;
  std::size_t snapshot_bytes = 16U << 20;  ///< of one actor; a call that leaves a larger one fails
  /// Of one deterministic actor: what is kept of the calls since its last state, and at most of what the
  /// guest learned in one of them. A call that would exceed it has its state asked for.
  std::size_t replay_bytes = 256U << 10;
  /// Where there is no journal: the states of all actors of the host together. Over it none of this group
  /// begins to live.
  std::size_t state_bytes = 256U << 20;

  /// Of one actor that wait (`holdfast:timers`, guests/timers/timers.wit). They are in memory, with up to
  /// `call_bytes` of arguments each, where there is a journal too.
  std::size_t timers = 64;

  std::size_t queue_depth = 256;           ///< calls of one actor that wait; one more is refused
  std::size_t queue_bytes = 16U << 20;     ///< the arguments of those
  std::size_t call_bytes = 4U << 20;       ///< the arguments of one call
  duration stop_grace = duration::zero();  ///< between asking a guest to stop and the cut
  instance_limits limits{};                ///< of each actor's instance
  /// Versions of the component that kept states may be of, the oldest first: what the newest does not take
  /// over is served by the one that gave it, as after `actors::swap`, and what a deterministic actor has to
  /// do again is done by the one that did it.
  std::vector<component> earlier{};
  /// Its `spares` is 0. The time to build an instance includes `activate`, and the calls that a deterministic
  /// actor does again.
  rebuild_policy rebuild{};
  /// What guests may reach; unset: nothing. A deterministic actor may have no directory, network or HTTP
  /// host: `bad_arguments`.
  grants may_reach{};
  imports functions{};  ///< what the component imports of its embedder; one that is missing: `unknown_import`
  guest_output output{};  ///< empty: what guests print is dropped
};

}  // namespace holdfast
