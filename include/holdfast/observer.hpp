// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/call_id.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/outcome.hpp>
#include <string_view>

/// What Holdfast tells of itself: one event a transition. It never logs; metrics, logs and pages are
/// observers.
namespace holdfast {

/// Where an instance slot stands.
enum class cell_state : std::uint8_t {
  building,    ///< its first instance is made
  idle,        ///< has an instance and no call
  running,     ///< a call is in the guest, or several of async functions
  stopping,    ///< the guest was asked to stop; it is cut after the grace
  rebuilding,  ///< the next instance is made, or waited for after a failure
  broken,      ///< too many failures in a row (`rebuild_policy::give_up_after`): nothing is tried any more
  draining,    ///< idle or running, and closed as soon as nothing is left to do
  closed,      ///< has no instance, and gets none
};

/// The word for it.
const char* to_string(cell_state state) noexcept;

/// Whose a cell is.
struct cell_place {
  std::string_view component{};  ///< the name of its pool or actors (`pool_options::name`)
  std::string_view actor{};      ///< the actor's key; empty: it is a pool's
};

/// What a call asks for.
struct call_target {
  cell_place where{};           ///< the pool or the actor that is called; which cell will run it is open
  std::string_view function{};  ///< the export's `qualified_name`; empty: to give a resource back
  bool keyed = false;           ///< it has an idempotency key
  std::size_t bytes = 0;        ///< of its arguments
};

/// Called on the thread where it happens, at times under a lock, so that events of one call and of one cell
/// keep their order: be quick, throw nothing, call nothing of Holdfast, end no
/// execution context. The defaults do nothing.
class observer {
 public:
  virtual ~observer() = default;

  /// A cell begins, as `building`. What its place names is there for the length of this call.
  virtual void on_cell_opened(std::uint32_t /*cell*/, const cell_place& /*where*/) noexcept {}
  /// A cell has changed its state. Cells are numbered from 0 within their host.
  virtual void on_cell(std::uint32_t /*cell*/, std::uint64_t /*generation*/, cell_state /*from*/,
                       cell_state /*to*/) noexcept {}

  /// An instance was lost, or one could not be built.
  virtual void on_fault(std::uint32_t /*cell*/, std::uint64_t /*generation*/, errc /*why*/,
                        std::string_view /*untrusted*/) noexcept {}

  /// A guest went on after the result of its call, as async functions may, and that has ended; `well`: by
  /// itself. If not, it trapped or took longer than its call might, and the instance is replaced.
  virtual void on_tail(std::uint32_t /*cell*/, std::uint64_t /*generation*/, bool /*well*/) noexcept {}

  /// An instance was replaced because of its age, not of a fault.
  virtual void on_retired(std::uint32_t /*cell*/, std::uint64_t /*generation*/) noexcept {}

  /// A spare was built and waits for a cell that needs it.
  virtual void on_spare_ready() noexcept {}
  /// A cell has taken one as its instance of this generation.
  virtual void on_spare_taken(std::uint32_t /*cell*/, std::uint64_t /*generation*/) noexcept {}
  /// One could not be built; it is tried again after a wait.
  virtual void on_spare_failed(errc /*why*/, std::string_view /*untrusted*/) noexcept {}

  /// How many host functions have not returned although their guests were cut, on the host's threads and on
  /// executors; told at each change.
  virtual void on_stuck(std::size_t /*now*/) noexcept {}

  /// It is about to be accepted, on this thread. What its target names is there for the length of this call.
  virtual void on_asked(const call_id& /*call*/, const call_target& /*what*/) noexcept {}
  /// It is accepted: one `on_done` will follow, whatever becomes of it.
  virtual void on_accepted(const call_id& /*call*/) noexcept {}
  /// A call was refused. It has no id, and this is all that is told of it.
  virtual void on_refused(errc /*why*/) noexcept {}
  /// An attempt enters the guest; told of each.
  virtual void on_started(const call_id& /*call*/, std::uint32_t /*cell*/,
                          std::uint64_t /*generation*/) noexcept {}
  /// A call with a key has come to this end, and no guest works for it any more. It is done, and told, when
  /// the journal has that, or has nothing of it any more where none ran.
  virtual void on_recording(const call_id& /*call*/, outcome /*what*/) noexcept {}
  /// It has its outcome. Told once, and before anybody who waits for it knows.
  virtual void on_done(const call_id& /*call*/, outcome /*what*/) noexcept {}

  /// A guest that was cut is gone: so long after the end of its deadline or run limit, or of a kill's asking,
  /// and of the grace that follows. Before the outcome.
  virtual void on_overshoot(const call_id& /*call*/, duration /*late*/) noexcept {}

  /// The journal has it that the call, which may not run twice, is about to run: it waits for an instance
  /// now.
  virtual void on_noted(const call_id& /*call*/) noexcept {}

  /// The journal has written so many records and erasures together, in that time.
  virtual void on_committed(std::size_t /*changes*/, duration /*took*/) noexcept {}
  /// Its disk is full, or is not any more.
  virtual void on_journal_full(bool /*full*/) noexcept {}

  /// An attempt has ended, and the call backs off before the next one. Attempt 0: the queue was full.
  virtual void on_backing_off(const call_id& /*call*/, unsigned /*attempt*/, errc /*why*/,
                              duration /*wait*/) noexcept {}
  /// It waits in the queue again.
  virtual void on_queued_again(const call_id& /*call*/) noexcept {}

  /// A caller with its key joined it, or came for its outcome.
  virtual void on_joined(const call_id& /*call*/) noexcept {}
  /// A caller stopped waiting for a call that goes on.
  virtual void on_detached(const call_id& /*call*/) noexcept {}
  /// The last caller left: the call goes on and nobody waits for it.
  virtual void on_orphaned(const call_id& /*call*/) noexcept {}
  /// Somebody waits for it again, or it is done; the guest ran so long for nobody.
  virtual void on_orphan_ended(const call_id& /*call*/, duration /*cost*/) noexcept {}
  /// A result is kept for whoever asks by the call's id.
  virtual void on_parked(const call_id& /*call*/, std::size_t /*bytes*/) noexcept {}
  /// Somebody came back for the result of a call that its caller had left.
  virtual void on_claimed(const call_id& /*call*/) noexcept {}
  /// Nobody came back for it in time, or there was no room.
  virtual void on_dropped(const call_id& /*call*/) noexcept {}
};

/// The observer that nobody injected.
observer& no_observer() noexcept;

}  // namespace holdfast
