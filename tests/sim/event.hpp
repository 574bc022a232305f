// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <string>

/// What a simulation saw, one line an event.
///
/// Events are all the laws know: what core tells its observer, what the guests lived through, and what the
/// callers did and were told. Calls, cells, pools and waiters are numbered in order of their making, so that
/// a run reads the same on every machine.
namespace holdfast::sim {

enum class seen : std::uint8_t {
  // The setting.
  opened,     ///< a pool: `number` calls may wait in it, of `second` bytes, each of at most `third`;
              ///< `code` its cells
  cell_made,  ///< a cell of a pool
  asked,    ///< a call is to be submitted: `number` its deadline, `second` its run limit, `third` its grace,
            ///< `bytes` its weight, `code` of `trait`
  policed,  ///< the pool's policies: `code` cells that build at once, `number` retries to begin with,
            ///< `second`
            ///< thousandths of a retry a call, `third` calls and `bytes` after which an instance is old
  held,     ///< somebody may hold resources of the pool's instances
  paced,    ///< the pool's longest wait before it builds again: `number`
  ahead,    ///< the pool's spares: `number`
  shared,   ///< `number` calls may share one of the pool's instances, `second` while one of them is hasty;
            ///< `third` 1: it has to be idle now and then
  calmed,   ///< from here on time moves only when nothing can run
  time_moved,

  // What core tells.
  accepted,
  refused,      ///< `code` why
  started,      ///< a call on a cell, in a generation
  done,         ///< `code` the outcome
  settled,      ///< `code` the outcome: the guest is done with it, and it is done when that is on record
  noted,        ///< the start of a call is on record: it waits for an instance from here on
  detached,     ///< somebody left a call that goes on
  moved,        ///< a cell: `number` from, `code` to
  lost,         ///< a cell: `code` why
  backing_off,  ///< `number` the attempt, 0: the queue was full; `code` why
  queued_again,
  orphaned,
  orphan_ended,  ///< `number` what it cost, in nanoseconds
  parked,
  claimed,
  dropped,
  retired,       ///< an instance
  tail_ended,    ///< `code` 1: by itself
  spare_taken,   ///< a cell has it as its instance of that generation
  spare_failed,  ///< `code` why
  ran,           ///< a worker takes a cell up: whatever it took before is over

  // What the guests lived through. A spare has no cell: it has a pool, and `number` is its own.
  guest_made,
  guest_ready,
  guest_polled,
  guest_rested,  ///< the end of a poll
  woken,         ///< it can go on
  guest_failed,  ///< it is lost; nothing may enter it any more
  guest_gone,
  spare_moved,    ///< spare `number` of a pool is the instance of a cell, in a generation
  guest_asked,    ///< to stop
  entered,        ///< a call has reached the guest; `number` what its arguments say
  returned,       ///< `number` the value
  holding,        ///< `number` resources of the instance are held outside
  guest_shut,     ///< it lets no call in
  guest_open,     ///< ... it does again
  host_called,    ///< `code` 1: it has the instance to itself meanwhile
  host_answered,  ///< `code` 1: the guest was gone

  // What the journal has.
  recorded,       ///< of a call, past a crash: `code` 0 that it starts, 1 its end, which is `number`
  erased,         ///< ... nothing any more
  journalled,     ///< there is a journal, for `number` calls under way
  journal_stuck,  ///< it has no room; `code` 0: it has again

  // What callers did, and got.
  joining,    ///< somebody with a key is to join a call, for a request; `code` 1: it is kept from now on
  joined,     ///< ... it has, and nobody takes the call back meanwhile
  unjoined,   ///< ... `code` 1: it had, and waits from here on by itself or not at all; 0: it has not
  conflict,   ///< a key of a pool was refused for a request
  handing,    ///< a call is to go past the queue; `code` 1: no cell took it, it is to be admitted
  answered,   ///< of a submission: `code` 0 accepted, or why not; `outrun`: another had its key first
  attaching,  ///< a waiter
  attached,   ///< `code` 0: done already
  patient,    ///< a waiter will leave by itself at `number`
  leaving,
  left,  ///< `code` 2: unless it was told just now
  told,  ///< a waiter, or with none who looked: `code` the outcome, `number` the value, `second` attempts
  revoking,
  revoke_said,  ///< `code` the answer
  killing,
  kill_said,  ///< `code` 0: it was done already
  abandoned,  ///< a claim goes
  found,      ///< by its id; `code` 0: it was not
  draining,   ///< a pool
  shut,       ///< ... which admits nothing any more
  closing,    ///< a pool
  depth,      ///< a pool's queue: `number` calls, `second` bytes, `third` that back off
  kept,       ///< results kept: `number` of `second` that may be, `third` bytes of `bytes`

  // The end.
  rested,   ///< nothing goes on; `code` 0, or what kept it from that
  counted,  ///< `code` what (see `tally`), `number` how many there are, `second` how many there should be
};

/// What is known of a call beforehand.
namespace trait {
inline constexpr int bound = 1;         ///< queued, it is dropped with its last waiter
inline constexpr int unsuitable = 2;    ///< no instance will take it
inline constexpr int good = 4;          ///< it has to complete: nothing is against it
inline constexpr int repeatable = 8;    ///< it may run again after it has run
inline constexpr int alone = 32;        ///< nothing begins beside it
inline constexpr int goes_on = 64;      ///< after its result
inline constexpr int journalled = 128;  ///< its record outlives the process
inline constexpr int pinned = 16;       ///< `cell` and `generation` name the one instance that can run it
}  // namespace trait

/// An answer that nobody but the submitter is told.
inline constexpr int outrun = -1;

/// What is counted at the end.
enum class tally : std::uint8_t {
  calls,
  cells,
  guests,
  waiters,
  timers,
  queued,
  bytes,
  members,
  tasks,
  parked,
  orphans
};

struct event {
  seen what = seen::opened;
  int code = 0;
  int fiber = -1;
  int call = -1;
  int cell = -1;
  int pool = -1;
  int waiter = -1;
  int parent = -1;   ///< the call whose host function made this one
  int attempts = 1;  ///< that the call may have
  std::uint64_t generation = 0;
  std::uint64_t number = 0;
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  std::uint64_t bytes = 0;
  duration at{};
  int key = -1;
  std::uint64_t request = 0;  ///< that it has under its key
};

/// The word for it.
const char* to_string(seen what) noexcept;
const char* to_string(tally what) noexcept;

/// One line of a trace; `who` is the fiber's name.
std::string to_line(const event& what, const std::string& who);

/// A length of time for a reader: `12.5 ms`.
std::string to_text(duration length);

}  // namespace holdfast::sim
