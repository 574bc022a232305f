// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

/// Looking at what somebody may exchange, for the price of one store.
///
/// A thread names what it looks at in a slot of its own; whoever has exchanged it waits until no slot names
/// it. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", 2004.
namespace holdfast::detail {

class hazard_slot;

/// The slot of this thread; null: it is in use, or there is none.
hazard_slot* take_hazard_slot() noexcept;
void name_hazard(hazard_slot& in, const void* what) noexcept;
void drop_hazard(hazard_slot& in) noexcept;

/// Waits until nobody holds `what`, which was exchanged already.
void wait_for_hazards(const void* what) noexcept;

/// Holds what `current` names until the end of the scope. Not for long: an exchange waits.
template <class T>
class hazard {
 public:
  /// Holds nothing where this thread holds one already: there is one slot a thread.
  explicit hazard(const std::atomic<T*>& current) noexcept : slot_(take_hazard_slot()) {
    if (slot_ == nullptr) return;
    // Named first, then looked at again: either this sees the exchange, or whoever exchanged it sees this.
    for (T* seen = current.load(); seen != held_; seen = current.load()) {
      name_hazard(*slot_, seen);
      held_ = seen;
    }
  }
  hazard(const hazard&) = delete;
  hazard& operator=(const hazard&) = delete;
  ~hazard() {
    if (slot_ != nullptr) drop_hazard(*slot_);
  }

  /// Null: nothing is held.
  T* get() const noexcept { return held_; }

 private:
  hazard_slot* const slot_;
  T* held_ = nullptr;
};

}  // namespace holdfast::detail
