// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/duration.hpp>
#include <holdfast/grants.hpp>
#include <holdfast/guest_output.hpp>
#include <holdfast/imports.hpp>
#include <holdfast/instance_limits.hpp>
#include <holdfast/rebuild_policy.hpp>
#include <holdfast/retry_policy.hpp>
#include <holdfast/sharing_policy.hpp>
#include <string>
#include <vector>

/// How a pool holds its instances.
namespace holdfast {

/// Settings of one pool; they stay when its component is exchanged, unless `swap_options` has others.
struct pool_options {
  /// Whose the keys of its calls are: pools of a host with one name share them, such as one that takes
  /// another's place. Empty: this pool's alone. An exchange of the component leaves it as it is.
  std::string name{};
  std::uint32_t cells = 1;                 ///< instances
  std::size_t queue_depth = 1024;          ///< calls that wait; one more is refused
  std::size_t queue_bytes = 64U << 20;     ///< the arguments of the calls that wait
  std::size_t call_bytes = 16U << 20;      ///< the arguments of one call
  duration stop_grace = duration::zero();  ///< between asking a guest to stop and the cut
  instance_limits limits{};                ///< of each instance
  rebuild_policy rebuild{};                ///< of each cell
  retry_policy retry{};                    ///< of each call; unset: none is sent again
  sharing_policy sharing{};                ///< of components with async functions
  grants may_reach{};                      ///< unset: nothing
  imports functions{};  ///< what the component imports of its embedder; one that is missing: `unknown_import`
  guest_output output{};  ///< empty: what guests print is dropped
  /// Exports whose calls have one slice, by their names; `"*"`: all of them. Empty: none.
  ///
  /// Such a call needs no stack of its own and never changes its thread, so it costs about a third less. In
  /// return it has to be done within a slice, post-return included: one tick of the engine at least and two
  /// at most, of the time that its thread runs. Past it the call ends as `deadline_killed` and its instance
  /// is rebuilt, whatever `call_options::run_limit` says; deadlines, kills and leaving are as for any other
  /// call. The other exports of the component are as ever.
  ///
  /// Nothing that the component imports may wait, called or not: its host functions have to be inline ones
  /// (`imports::define_inline`), and of WASI it may import what answers at once, such as clocks and random
  /// numbers, but no streams, files, sockets or HTTP, nor an inline function beside handles of WASI's. Else
  /// the pool is not opened: `bad_arguments`, and the detail names the export and the imports.
  ///
  /// A call runs on the stack of the thread that drives it, where that has as much left as a stack of its own
  /// would have; where it has not, the call is correct and as quick as any other.
  std::vector<std::string> brief{};
};

}  // namespace holdfast
