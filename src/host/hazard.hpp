// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

/// Looking at what somebody may exchange, for the price of one store.
///
/// A thread names what it looks at in a slot of its own; whoever has exchanged it waits until no slot names
/// it. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", 2004.
namespace holdfast::detail {

/// Never freed, used by one thread after another.
class alignas(64) hazard_slot {
 public:
  /// The slot of this thread; null: it is in use, or there is none.
  static hazard_slot* take() noexcept {
    hazard_slot* const slot = mine != nullptr ? mine : first_of_thread();
    // Relaxed: this thread alone writes it.
    return slot != nullptr && slot->what.load(std::memory_order_relaxed) == nullptr ? slot : nullptr;
  }

  std::atomic<const void*> what{nullptr};
  std::atomic<bool> owned{true};
  hazard_slot* next = nullptr;

 private:
  struct at_thread_end;
  static hazard_slot* first_of_thread() noexcept;

  static constinit inline thread_local hazard_slot* mine = nullptr;
};

/// Whether somebody holds `what` now.
bool is_held(const void* what) noexcept;

/// Waits until nobody holds `what`, which was exchanged already.
void wait_for_hazards(const void* what) noexcept;

/// Holds what `current` names until the end of the scope. Not for long: an exchange waits.
template <class T>
class hazard {
 public:
  /// Holds nothing where this thread holds one already: there is one slot a thread.
  explicit hazard(const std::atomic<T*>& current) noexcept : slot_(hazard_slot::take()) {
    if (slot_ == nullptr) return;
    // Named first, then looked at again: either this sees the exchange, or whoever exchanged it sees this.
    for (T* seen = current.load(); seen != held_; seen = current.load()) {
      slot_->what.store(seen);
      held_ = seen;
    }
  }
  hazard(const hazard&) = delete;
  hazard& operator=(const hazard&) = delete;
  ~hazard() {
    // Release: what was done with it comes before it may go.
    if (slot_ != nullptr) slot_->what.store(nullptr, std::memory_order_release);
  }

  /// Null: nothing is held.
  T* get() const noexcept { return held_; }

 private:
  hazard_slot* const slot_;
  T* held_ = nullptr;
};

}  // namespace holdfast::detail
