// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <system_error>

/// Errors, and the one question callers ask of them: did the guest run?
///
/// Every code compares equal to exactly one `effect`. Retry and idempotency depend on nothing else:
///
///     if (ec == hf::effect::not_executed) send_again();
namespace holdfast {

/// Why a call did not complete, or why something could not be set up.
enum class errc {
  // Refused: the guest was never entered for this call.
  queue_full = 1,      ///< the queue's depth or bytes are used up; try again later
  deadline_too_close,  ///< those that wait ahead of it leave it no time; try again later
  draining,            ///< the pool or the host admits nothing any more
  broken,              ///< every instance failed to rebuild, repeatedly
  cycle,               ///< the call would wait for itself
  bad_arguments,       ///< count, type or value of an argument; the detail says where
  no_such_export,      ///< the component does not export that function
  key_conflict,        ///< the idempotency key is in use for another request
  limit,               ///< larger than a configured limit
  journal_full,        ///< the journal's disk is full: no call with a key is accepted; try again later
  forked,              ///< this process was forked after the engine or host began: its threads are not here
  revoked,             ///< taken back before it began
  expired_in_queue,    ///< its deadline passed before it began

  // The guest was entered.
  trapped,          ///< the guest faulted, in post-return too
  host_failed,      ///< a host function failed, or the value returned could not be taken over
  deadline_killed,  ///< stopped at its deadline or run limit
  killed,           ///< stopped by an explicit kill, or by shutdown

  // Nobody can say.
  collateral,     ///< the store was lost to a neighbour's fault
  lost_in_crash,  ///< started, unfinished, not declared retry-safe
  detached,       ///< no outcome: the caller stopped waiting; the call goes on under its id
  gone,           ///< no call of that id is known here, or its result is no longer kept

  // Set-up, before there is any call.
  not_wasm,               ///< not a WebAssembly file
  core_module,            ///< a core module where a component is needed
  malformed_component,    ///< a truncated or invalid component
  unsupported_component,  ///< a valid component that needs a feature this build does not offer
  unknown_import,         ///< an import that nobody defines; the detail names each
  type_mismatch,          ///< an import that is defined with another type
  cannot_instantiate,     ///< the component's own start failed
  bad_contract,           ///< a manifest, a WIT file or a mark that is wrong; the detail says where
  bad_journal,            ///< no journal, one of a newer Holdfast, damaged, or in use by another process
  journal_failed,         ///< the journal's file cannot be read or written
  no_resources,           ///< instances, memory or address space are used up
  internal,               ///< a defect in Holdfast; please report it
  replay_diverged,  ///< played again, calls did something else than they had done; the detail says where
};

/// Whether the guest ran. A condition: compare any Holdfast error code with it.
enum class effect {
  not_executed = 1,  ///< the guest was never entered for the call: safe to send again
  executed,          ///< the guest ran, possibly in part
  unknown,           ///< nobody can say
};

/// The category of `errc`. Thread-safe, lives for ever.
const std::error_category& error_category() noexcept;

/// The category of `effect` conditions. Thread-safe, lives for ever.
const std::error_category& effect_category() noexcept;

/// `make_error_code` and `make_error_condition` let the standard library make its own of these enums; found
/// by argument-dependent look-up.
inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}
inline std::error_condition make_error_condition(effect what) noexcept {
  return {static_cast<int>(what), effect_category()};
}

/// Whether the guest ran, for one code.
effect effect_of(errc code) noexcept;

/// The same of any code, to switch over: `executed` for success, `unknown` for one that is not Holdfast's.
effect effect_of(const std::error_code& code) noexcept;

/// The word for it, as on the wire: `not_executed`, `executed`, `unknown`.
const char* to_string(effect what) noexcept;

/// The name of the code, as on the wire: `queue_full`, `deadline_killed`, ...
const char* to_string(errc code) noexcept;

/// A code and, where one helps, a sentence that names what was wrong and where.
///
/// The detail may quote a guest: treat it as untrusted text.
struct error {
  std::error_code code;  ///< of `error_category` in all that Holdfast answers
  std::string detail{};  ///< empty: the code says it all

  error() = default;
  /// An `errc` becomes one by itself: `return errc::limit;`.
  error(errc what, std::string why = {}) : code(make_error_code(what)), detail(std::move(why)) {}
  error(std::error_code what, std::string why) : code(what), detail(std::move(why)) {}

  /// The detail, or the code's own text where there is none.
  std::string message() const { return detail.empty() ? code.message() : detail; }

  friend bool operator==(const error& left, const std::error_code& right) noexcept {
    return left.code == right;
  }
  friend bool operator==(const error& left, errc right) noexcept {
    return left.code == make_error_code(right);
  }
  friend bool operator==(const error& left, effect right) noexcept {
    return left.code == make_error_condition(right);
  }
};

/// A value or an `error`. `value()` throws `std::system_error` where there is none.
template <class T>
using result = boost::system::result<T, error>;

/// What `result::value()` does on an error. Found by argument-dependent look-up.
[[noreturn]] void throw_exception_from_error(const error& what, const boost::source_location& where);

}  // namespace holdfast

template <>
struct std::is_error_code_enum<holdfast::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<holdfast::effect> : std::true_type {};
