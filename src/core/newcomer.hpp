// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <holdfast/call_id.hpp>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.hpp"
#include "core/call.hpp"

/// A request that its caller takes to an idle cell itself, past the queue.
///
/// Most calls are done within their first slice, and then nobody but their caller ever knew of them: for
/// those a call with its locks, its waiters and its timers would be made for nothing. It is made when the
/// call turns out to go on, or when a host function may tell others of it.
namespace holdfast::core {

/// Lives on the stack of the thread that hands it over, which reads the end.
class newcomer {
 public:
  newcomer(const newcomer&) = delete;
  newcomer& operator=(const newcomer&) = delete;

  /// A guest calls it on its driving thread before anybody else can get to know the call: a host function,
  /// or one who asks how long it may run. The call is told to the guest (`guest::known_as`).
  void show() noexcept;

  const call_id& id() const noexcept { return id_; }

  /// Whether a result may go to `land`.
  bool lands() const noexcept { return lands_; }

  /// A guest gives it the call's result as it lies in the guest's memory, on the driving thread and while
  /// nobody else knows of the call: the bytes of one string, or the elements of one list of numbers or chars.
  /// They are there for the length of this call. False: it is to be a `value` like any other.
  virtual bool land(std::span<const std::byte> /*run*/) noexcept { return false; }

  /// The call goes on after its result landed: gives the result up, and answers it packed. Before `join`,
  /// which may also come without it: then the call failed after its result landed, and has none.
  virtual buffer take_back() noexcept { return {}; }

  /// The call, if one was made of it.
  const boost::intrusive_ptr<call>& made() const noexcept { return made_; }

  // Where no call was made of it, its end.
  outcome what = outcome::refused;
  std::error_code code{};
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;  ///< 0: never entered
  bool state_lost = false;
  buffer value{};  ///< empty where it landed
  std::string detail{};

 protected:
  newcomer(const call_id& id, std::uint32_t function) noexcept : id_(id), function_(function) {}
  ~newcomer() = default;

  // Memory that cannot be had for these two ends the process: the guest has begun.
  /// Makes the call, of this id, bound and for no instance in particular; the arguments stay where they are,
  /// the key is copied.
  virtual boost::intrusive_ptr<call> become() noexcept = 0;
  /// The call that was made goes on: attaches who waits for it.
  virtual void join() noexcept = 0;

  // Set before it is handed over.
  std::span<const std::byte> arguments_{};
  std::string_view key_{};
  std::size_t weight_ = 0;                   // in a queue's bound
  time_point deadline_ = time_point::max();  // as the call's terms will have them
  duration time_limit_ = no_limit;
  duration run_limit_ = no_limit;
  bool lands_ = false;

 private:
  friend class core::cell;
  friend class core::mailbox;

  bool in_time(const time_source& clock) noexcept;

  const call_id id_;
  const std::uint32_t function_;
  core::cell* in_ = nullptr;
  time_point began_at_{};  // unset: the limits are so long that they are counted later
  boost::intrusive_ptr<call> made_;
};

}  // namespace holdfast::core
