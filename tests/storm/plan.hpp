// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/call_options.hpp>
#include <holdfast/value.hpp>
#include <memory>
#include <random>
#include <string>

#include "storm/record.hpp"

/// The plan: which request comes as number so and so, and how its caller behaves. From the seed alone.
namespace holdfast::storm {

/// How a call is made, and how its caller leaves.
enum class way : std::uint8_t {
  // On a thread.
  stay,
  give_up,  ///< waits too short
  stop,     ///< a stop token
  submit_wait,
  submit_drop,  ///< drops its ticket at once
  submit_revoke,
  submit_kill,
  come_back,     ///< leaves, and attaches by id later
  hear,          ///< a callback on the ticket
  hear_or_stop,  ///< the form with a callback, and a stop token
  future,
  future_dropped,
  typed,
  typed_submit,
  // In an event loop.
  coroutine,
  cancelled,  ///< ... and its cancellation slot fires
  deferred,
  use_future,
  wait_async,    ///< submits, then waits for its ticket
  context_ends,  ///< its io_context is destroyed
};

struct errand {
  std::shared_ptr<record> one;
  way how = way::stay;
  duration patience{};  ///< after which it leaves, revokes, kills or cancels
  unsigned bits = 0;    ///< which kind of cancellation

  call_options options() const noexcept;  // its key is the record's
};

class plan {
 public:
  explicit plan(std::uint64_t seed) noexcept : seed_(seed) {}

  /// The request of that number; the same whenever it is asked for.
  errand draw(std::uint64_t number) const;

  /// One that a host function or a caller makes on top.
  static std::shared_ptr<record> extra(std::uint64_t number, site where, deed what, std::uint32_t amount);

  /// Numbers from here on are those of `extra`.
  static constexpr std::uint64_t extras = std::uint64_t{1} << 40;

 private:
  std::uint64_t seed_;
};

/// The export that does the deed, and its arguments but handles.
const char* function_of(deed what) noexcept;
wit::arguments arguments_of(const record& one);

/// What a host function of the company is asked for, in the one number that it gets.
struct wait_order {
  std::uint64_t number = 0;
  bool deaf = false;  ///< nobody is to answer before the guest is cut
  std::uint32_t packed() const noexcept;
  static wait_order of(std::uint32_t packed) noexcept;
};

/// What a sleeper's host function is asked for, in the one number that it gets.
struct nap_order {
  std::uint64_t number = 0;
  deed what{};
  std::uint32_t amount = 0;
  std::uint64_t packed() const noexcept;
  static nap_order of(std::uint64_t packed) noexcept;
};

}  // namespace holdfast::storm
