// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/call_options.hpp>
#include <holdfast/parking_policy.hpp>
#include <holdfast/rebuild_policy.hpp>
#include <holdfast/retry_policy.hpp>
#include <holdfast/sharing_policy.hpp>
#include <vector>

#include "core/mailbox.hpp"

/// What is to happen in a run, apart from the order in which it does.
///
/// Plain data, made from a seed (`plan_of`) or by hand. Who goes first is the stage's choice, so one plan has
/// many runs; and a plan of fewer calls is still a plan, which is how a failure is made smaller.
namespace holdfast::sim {

/// What a guest does with a call.
struct guest_plan {
  enum class kind : std::uint8_t {
    give_back,   ///< returns
    trap,        ///< faults
    loop,        ///< yields for ever
    host_later,  ///< calls the host, which answers from another thread after `delay`
    host_never,  ///< calls the host, which never answers
    host_fails,  ///< calls the host, which throws
    host_calls,  ///< calls the host, which calls `child` and waits for it
    host_sends,  ///< calls the host, which submits `child` from the guest's own slice and waits for nothing
    unsuitable,  ///< is not taken by any instance
  };
  kind what = kind::give_back;
  std::uint32_t slices = 0;  ///< that it yields before
  duration delay = duration::zero();
  bool heeds = true;               ///< returns early from the host when asked to stop
  bool woken_elsewhere = false;    ///< a yield is ended by another thread
  bool late_wake = false;          ///< somebody wakes its cell long after
  std::uint32_t spoils_first = 0;  ///< so many attempts trap before one does as planned
  std::uint32_t tail = 0;          ///< slices that it goes on for after its result
  bool tail_hangs = false;         ///< ... and then never ends
  bool tail_traps = false;         ///< ... and then faults
  bool alone = false;              ///< of an instance that is shared: nothing begins beside it
  bool keeps = false;              ///< ... it has that to itself while it is in the host
  bool holds_back = false;         ///< ... and lets no other in until it has ended
};

/// One act of a caller on a call.
struct act {
  enum class kind : std::uint8_t {
    attach,    ///< one more waiter
    leave,     ///< takes the waiter back that waits longest
    withdraw,  ///< ... only from a call that was never begun
    forsake,   ///< ... and is told nothing
    wait,      ///< until its waiters are told, or have left by themselves
    revoke,
    kill,
    pause,    ///< does nothing for `length`
    find,     ///< looks the call up by its id and claims it
    read,     ///< reads the end, if there is one
    abandon,  ///< drops its claims
  };
  kind what = kind::wait;
  duration length = duration::zero();
};

struct call_plan {
  int pool = 0;
  guest_plan guest{};
  bool bound = false;
  bool joined = false;  ///< a waiter is there before the admission
  bool findable = false;
  bool repeatable = false;
  unsigned attempts = 1;
  bool quiet = false;   ///< the submission is one step
  bool good = false;    ///< nothing is against it: it has to complete
  bool pinned = false;  ///< it needs the instance that its pool's first cell has now
  bool stale = false;   ///< ... or had before
  start how = start::post;
  duration deadline = no_limit;
  duration run_limit = no_limit;
  duration grace = duration::zero();
  duration patience = no_limit;  ///< of its waiters
  std::size_t bytes = 8;
  duration before = duration::zero();      ///< the caller waits so long before it submits
  std::vector<act> own{};                  ///< of the caller, in order
  std::vector<std::vector<act>> others{};  ///< of others, at the same time; one list each
  int key = -1;                            ///< it has this key, and for its key this request
  std::uint64_t request = 0;
  int child = -1;        ///< what its host function calls
  int in_callback = -1;  ///< what its first waiter submits when it is told
  bool dropped = false;  ///< left out, to make a failure smaller
};

/// How an instance of a pool comes about, one entry a build; after the last all are good.
struct build_plan {
  enum class kind : std::uint8_t {
    good,
    fail,  ///< its start function faults
    hang,  ///< its start function loops
    deaf,  ///< ... and cannot be interrupted
  };
  kind what = kind::good;
  std::uint32_t slices = 0;
};

struct pool_plan {
  unsigned cells = 1;
  core::mailbox_limits limits{};
  rebuild_policy rebuild{};
  retry_policy retry{};
  sharing_policy sharing{.calls = 1};
  std::vector<build_plan> builds{};
  std::uint64_t grows = 0;  ///< bytes a call
  bool holds = false;       ///< now and then somebody holds a resource of an instance
  duration drain_grace = duration::zero();
};

/// Something that is done to a pool in the middle.
struct pool_act {
  enum class kind : std::uint8_t { drain, close };
  int pool = 0;
  duration after{};
  kind what = kind::drain;
};

/// Somebody wakes a cell for no reason.
struct ghost {
  unsigned cell = 0;  ///< of all cells, counted round
  duration after{};
};

/// What keeps the records of calls with keys.
struct journal_plan {
  bool there = false;
  std::size_t batch = 4;
  std::size_t most = 100;              ///< calls under way
  duration write = duration::zero();   ///< that a batch takes
  std::vector<std::uint32_t> stuck{};  ///< how often each batch, from the first on, finds no room
};

struct plan {
  std::vector<pool_plan> pools{};
  std::vector<call_plan> calls{};
  std::vector<std::vector<int>> callers{};  ///< the calls that each makes, one after the other
  std::vector<pool_act> pool_acts{};
  std::vector<ghost> ghosts{};
  parking_policy parking{};
  journal_plan journal{};
  unsigned workers = 1;
  bool in_order = true;           ///< workers take the task that waits longest; otherwise any
  std::vector<duration> jumps{};  ///< by which time moves while others could run
  bool prebuilt = false;          ///< only what follows the first instances is explored
  bool patient = true;            ///< nobody drains before every call has ended
  int probe = -1;                 ///< a call that is made at the end, when all others have ended
};

/// The plan of a seed: always the same.
plan plan_of(std::uint64_t seed);

}  // namespace holdfast::sim
