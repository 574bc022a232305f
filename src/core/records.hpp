// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <holdfast/call_id.hpp>
#include <holdfast/error.hpp>
#include <mutex>
#include <optional>
#include <vector>

#include "core/environment.hpp"
#include "core/short_mutex.hpp"

/// What is to be written down of calls with keys, and who waits until it is.
///
/// A call's end is told when its record will outlive the process. One that may not run twice is not begun
/// before that is so of its start. Whoever writes takes batches, in order, and says when one is kept; a call
/// has at most one record in the queue, the latest.
namespace holdfast::core {

class call;

/// The hash of a key's scope, function and name.
using key_print = std::array<std::byte, 16>;

/// A call's place in the queue of records.
class record_slot : public boost::intrusive::list_base_hook<> {
 private:
  friend class records;
  friend class call;
  call* of_ = nullptr;
  enum class note : std::uint8_t { nothing, started, awaited_start, ended, withdrawn };
  note queued_ = note::nothing;
  bool written_ = false;   // something of it is, or may be, in the journal
  std::size_t bytes_ = 0;  // of an end that waits
  std::uint64_t place_ = 0;
};

/// Thread-safe. Its lock is a leaf.
class records final : public shared_object {
 public:
  /// `most` calls may be under way whose records are not all kept, with results of `most_bytes` that wait.
  /// `wakes` tells whoever writes that there is something; it is called under locks.
  records(std::size_t most, std::size_t most_bytes, std::function<void()> wakes)
      : most_(most), most_bytes_(most_bytes), wakes_(std::move(wakes)) {}

  // The calls' side.

  /// Room for one more call, until its end is told, or it is withdrawn or given back.
  std::optional<error> reserve() noexcept;
  /// The same for one that was accepted in a process before: there is.
  void take_room() noexcept;
  void give_back() noexcept;
  /// It was accepted. `awaited`: it begins when its record is kept (`call::noted`).
  void starts(record_slot& which, bool awaited) noexcept;
  /// It has its end, which is told when that is kept (`call::publish`). False: nobody writes any more.
  bool ends(record_slot& which) noexcept;
  /// It ended and no guest was entered: there is nothing to keep. True: something of it may be written, and
  /// its end is told when that is erased. Else it is told now.
  bool withdraws(record_slot& which) noexcept;
  /// It ended, and what the journal has of it stays as it is: the next process may take it up again.
  void leaves(record_slot& which) noexcept;
  /// An outcome is not remembered any more.
  void forgets(const key_print& key, const call_id& which);

  // The writer's side.

  struct erasure {
    key_print key;
    call_id call;
  };
  struct item {
    boost::intrusive_ptr<call> of;
    bool ended;  ///< its end is to be written; else, that it starts
    bool awaited;
    bool withdrawn = false;  ///< what is written of it is to be erased
  };
  struct batch {
    std::vector<erasure> erasures{};  ///< each before or after: it names its call
    std::vector<item> items{};
    bool empty() const noexcept { return erasures.empty() && items.empty(); }
  };
  /// The next, at most so many of each, and no more bytes than one call's record and these.
  batch take(std::size_t most, std::size_t bytes);
  /// How many were queued so far, and how many of those, from the first on, were taken.
  std::uint64_t last_place() const noexcept;
  std::uint64_t taken_to() const noexcept;
  /// It will be there after a crash. Tells whoever waited for that.
  void kept(batch&& what) noexcept;
  /// Nothing will be written any more, this and all that waits. Whoever waits for an end is told what the
  /// next process will say.
  void close(batch&& what) noexcept;
  /// There is no room for it now. Until the next one is kept nothing is accepted.
  void stuck() noexcept;

  /// Whether nothing is to be written and nobody waits for what is being written.
  bool idle() const noexcept;
  /// Calls that are under way.
  std::size_t count() const noexcept;

  void on_timer(timer& /*fired*/) noexcept override {}  // it has none

 private:
  void dequeue(record_slot& which) noexcept;
  void lose(batch&& what) noexcept;
  void enqueue(record_slot& which, record_slot::note what) noexcept;  // under the lock
  void wake() const noexcept {
    if (wakes_) wakes_();
  }

  const std::size_t most_;
  const std::size_t most_bytes_;
  const std::function<void()> wakes_;
  mutable short_mutex mutex_;
  boost::intrusive::list<record_slot> queue_;  // each holds a reference to its call
  std::vector<erasure> erasures_;
  std::uint64_t places_ = 0;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;    // of ends that wait
  std::size_t writing_ = 0;  // batches that were taken and are not kept
  bool stuck_ = false;
  bool closed_ = false;
};

}  // namespace holdfast::core
