// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/world.hpp"

/// Those who call: they submit, wait, leave, revoke, kill, look up, each in fibers of their own.
namespace holdfast::sim {

/// A caller makes its planned calls, one after the other.
void spawn_caller(world& in, int number);

/// Somebody does something to a pool in the middle.
void spawn_pool_act(world& in, const pool_act& what);

/// Somebody wakes a cell for no reason.
void spawn_ghost(world& in, const ghost& what);

/// A call that is made and waited for, as a host function's thread does.
void call_and_wait(world& in, int plan_index, int parent);

/// A call that is made and left to itself.
void submit_only(world& in, int plan_index, int parent);

}  // namespace holdfast::sim
