// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <holdfast/error.hpp>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.hpp"
#include "core/poller.hpp"
#include "core/time_source.hpp"

/// All that core knows of a guest: one store with one root instance.
///
/// The engine implements it over Wasmtime, the simulator fakes it. A guest is driven by one thread at a time,
/// a slice of at most one tick a poll. Destroying it is the cut: store and running call go together, and
/// nothing else ever ends a call.
namespace holdfast::core {

class call;
class dialogue;
class newcomer;

/// One instance of a pool: by the number of its cell in the host, and which of that cell's it is.
struct home {
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;  ///< 0: none yet
};

/// Why a guest is lost. Its code decides the instance's fate (`core/fate.hpp`).
struct fault {
  errc code = errc::internal;
  std::string message{};    ///< one line, may quote the guest
  std::string backtrace{};  ///< the guest's frames, a line each; may be empty
  /// Of several calls in flight the one whose fault it is; none: nobody's that is in flight, or it is not
  /// known.
  std::optional<std::uint64_t> of{};
};

enum class guest_state : std::uint8_t {
  pending,   ///< not there yet; the wake target will be woken
  answered,  ///< calls have their results (`next_answer`) and are over; the guest may go on
  ready,     ///< idle: built, or all calls have returned with their post-return, and nothing goes on
  failed,    ///< lost; `take_fault` says why
};

/// One attempt at a call, as the guest gets it.
///
/// Arguments and key stay alive and unchanged until its answer is taken, a poll answers `ready` or `failed`,
/// or the guest is destroyed.
struct request {
  std::uint64_t number = 0;    ///< which of the guest's calls it is; no other ever has the same number
  std::uint32_t function = 0;  ///< the export's number, or `release`
  std::span<const std::byte>
      arguments{};         ///< packed; for `release` the handle's number, eight bytes little-endian
  std::string_view key{};  ///< the caller's name for the request; empty: none
  unsigned attempt = 1;    ///< counted from 1
  time_point stop_at = time_point::max();  ///< when the attempt is asked to stop
  call* of = nullptr;          ///< the call itself; a host function of the attempt works on its behalf
  dialogue* with = nullptr;    ///< what it has in place of arguments; as long as the call
  newcomer* unseen = nullptr;  ///< in place of it, until it is shown: then `known_as` tells the call

  /// No export: drops a resource of the guest's, whose destructor then runs as a call does.
  static constexpr std::uint32_t release = std::numeric_limits<std::uint32_t>::max();
};

/// The result of one of several calls.
struct answer {
  std::uint64_t of = 0;  ///< the number of its call
  buffer value{};
};

/// Where several calls may be in flight, they are begun one by one, and each poll drives all of them. After
/// the last has its result the guest may go on by itself, until it is `ready`.
class guest {
 public:
  virtual ~guest() = default;

  /// Goes on with the instantiation or the call, for at most one slice.
  virtual guest_state poll() = 0;

  /// It was built before anybody needed it, and is this instance from now on. Once, before its first call, by
  /// its next driver.
  virtual void move_in(const home& where) noexcept = 0;

  /// Begins a call, on an idle guest or beside others where it is `open`; the next polls drive it. An error:
  /// the arguments do not suit this instance, such as a handle that another one issued; the guest was not
  /// entered and is as before.
  virtual std::optional<error> start(const request& what) = 0;

  /// The request that was started last is this call's, and no newcomer any more: its arguments lie where they
  /// were, its key is the call's from now on. On the driving thread, also within a poll.
  virtual void known_as(call& /*which*/) noexcept {}

  /// Whether a call that is begun now would be entered: nothing of the guest's keeps calls out. An idle one
  /// that is not open will never be. Between polls.
  virtual bool open() const noexcept { return true; }

  /// Whether it has something to do although it is idle: polling it is worth while then. Between polls.
  virtual bool stirs() const noexcept { return false; }

  /// Whether a call of this export keeps others from beginning beside it.
  virtual bool is_alone(std::uint32_t /*function*/) const noexcept { return true; }

  /// After `answered`, and after a `ready` that ended several calls, until there is none: the results, in the
  /// order in which they came.
  virtual std::optional<answer> next_answer() = 0;

  /// The returned value's bytes, once, after the `ready` that ended the one call in flight.
  virtual buffer take_result() = 0;

  /// Once, after `failed`.
  virtual fault take_fault() = 0;

  /// It is given up while it is whole and idle: begins what it does last, and the next polls drive that until
  /// `ready`. False: there is nothing, or no more.
  virtual bool say_farewell() noexcept { return false; }

  /// Whether what calls before had completed is missing in it. Once it is built, between polls.
  virtual bool lost_state() const noexcept { return false; }

  /// Bytes of linear memory it has now. Beside a poll.
  virtual std::uint64_t memory() const noexcept = 0;

  /// How many of its resources are held outside: it cannot be replaced by another while there are any.
  /// Between polls.
  virtual std::size_t held() const noexcept = 0;

  /// Stage one of a stop: lets host functions of this call return early. On the driving thread, between
  /// polls.
  virtual void ask_to_stop(std::uint64_t number) noexcept = 0;

  /// Stage two for a guest that runs: it faults at its next tick, with its backtrace. Any thread, beside a
  /// poll or a start. Holds for what is in flight: the `start` of a call on an idle guest forgets it, and one
  /// beside that may be forgotten too.
  virtual void interrupt() noexcept = 0;

  /// The call that an interrupt was for has come to its end, and others go on. Between polls.
  virtual void forget_interrupt() noexcept {}
};

/// Makes guests for the cells of a pool. Thread-safe.
class guest_maker {
 public:
  virtual ~guest_maker() = default;

  /// Answers at once: nothing of the component runs before the first poll. A null pointer never; throws
  /// nothing. The guest wakes `owner` whenever polling it is worth while, from any thread, also late. A
  /// spare has no home until it moves in.
  virtual std::unique_ptr<guest> make(boost::intrusive_ptr<poller> owner, const home& where) noexcept = 0;
};

}  // namespace holdfast::core
