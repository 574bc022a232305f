// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/call_options.hpp>
#include <holdfast/error.hpp>
#include <utility>

#include "core/patient_waiter.hpp"
#include "host/pool_call.hpp"
#include "host/pool_impl.hpp"

/// Requests with a key: each stands for the one call that its key does. Where the state that a call leaves is
/// recorded, those without one go the same way, each for itself.
namespace holdfast::detail {

/// Whether a call is one of those that the functions below make: it has a key, or what it leaves is recorded.
inline bool is_recorded(const edition& to, const call_options& how) noexcept {
  return to.durable || !how.key.empty();
}

/// That call, held: nobody's leaving takes it back meanwhile.
class keyed_call {
 public:
  keyed_call(boost::intrusive_ptr<pool_call> of, bool joined) noexcept
      : of_(std::move(of)), joined_(joined) {}
  keyed_call(keyed_call&&) noexcept = default;
  keyed_call& operator=(keyed_call&&) = delete;
  /// From here on whoever waits for it holds it. If nobody does, its caller has left.
  ~keyed_call() {
    if (of_ != nullptr) of_->unjoin();
  }

  const boost::intrusive_ptr<pool_call>& call() const noexcept { return of_; }
  /// Whether it was another's, or is done.
  bool joined() const noexcept { return joined_; }

 private:
  boost::intrusive_ptr<pool_call> of_;
  const bool joined_;
};

/// The call that the request stands for: accepted now, or before. A `form` that is not bound keeps it, too.
/// @par Errors  `key_conflict`; `bad_arguments`: a value that is of one instance, or read once, cannot stand
/// under a key; and as for any other call
result<keyed_call> call_by_key(const pool::impl& in, edition& to, checked_request& asked,
                               const call_options& how, const core::call_terms& form, start otherwise);

/// How the wait of a caller with a key began.
enum class wait_begun : std::uint8_t {
  waits,    ///< the waiter will be told
  over,     ///< the call is done: read it
  refused,  ///< there is nothing to wait for
};

/// The door of every bound call with a key. The waiter was made for no call yet, so that whoever leaves
/// meanwhile, or ends a context, finds it. `why` is filled where it is refused.
wait_begun begin_by_key(const pool::impl& in, edition& to, checked_request& asked,
                        core::patient_waiter& waits, const call_options& options, start otherwise,
                        reply& why);

}  // namespace holdfast::detail
