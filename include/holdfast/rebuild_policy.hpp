// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>

/// How a lost instance is rebuilt.
namespace holdfast {

/// After a fault the next instance is built at once. Where that fails, again after a wait, until it is given
/// up.
///
/// An instance that leaks or grows can be retired before it fails: between two calls, never one that holds
/// resources which somebody outside still has handles of.
struct rebuild_policy {
  duration base =
      std::chrono::milliseconds(10);        ///< first wait after a failure, doubled each time, with jitter
  duration max = std::chrono::seconds(30);  ///< the longest wait
  unsigned give_up_after = 8;               ///< failures in a row before a cell is `broken`; 0: never
  duration build_limit = std::chrono::seconds(30);  ///< for one instantiation, start functions included
  unsigned at_once =
      4;  ///< cells of a pool that build at the same time, at least one: no storm after a fault of many
  std::uint64_t retire_calls =
      0;  ///< calls after which an instance is replaced, less a jitter of up to a fifth; 0: never
  std::uint64_t retire_growth =
      0;  ///< bytes of memory grown after which it is, with the same jitter; 0: never
  /// Instances of a pool that are built ahead of need: a cell that loses its own takes one and serves on at
  /// once, and the next is built beside it. For guests that are slow to start, such as an interpreter's; one
  /// that starts within microseconds is as soon built. Each counts among `engine_options::max_instances` as a
  /// cell does, and has an instance's memory all the time. Its start functions run before it has a place:
  /// they are told generation 0, and what they take from outside is as old as the spare.
  unsigned spares = 0;
};

}  // namespace holdfast
