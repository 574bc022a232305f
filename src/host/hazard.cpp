// SPDX-License-Identifier: Apache-2.0
#include "host/hazard.hpp"

#include <new>
#include <thread>
#include <utility>

namespace holdfast::detail {

/// Never freed, used by one thread after another.
class alignas(64) hazard_slot {
 public:
  std::atomic<const void*> what{nullptr};
  std::atomic<bool> owned{true};
  hazard_slot* next = nullptr;
};

namespace {

std::atomic<hazard_slot*> all{nullptr};

hazard_slot* acquire() noexcept {
  for (hazard_slot* each = all.load(); each != nullptr; each = each->next)
    if (bool free = false; !each->owned.load() && each->owned.compare_exchange_strong(free, true))
      return each;
  auto* const made = new (std::nothrow) hazard_slot;
  if (made == nullptr) return nullptr;
  made->next = all.load();
  while (!all.compare_exchange_weak(made->next, made)) {
  }
  return made;
}

// Plain ones: reading them costs no check whether they were made.
thread_local hazard_slot* mine = nullptr;
thread_local bool ended = false;

struct at_thread_end {
  ~at_thread_end() {
    ended = true;
    if (mine != nullptr) std::exchange(mine, nullptr)->owned.store(false);
  }
  void arm() const noexcept {}
};

hazard_slot* first_of_thread() noexcept {
  if (ended) return nullptr;
  thread_local const at_thread_end gives_back;
  gives_back.arm();
  mine = acquire();
  return mine;
}

}  // namespace

hazard_slot* take_hazard_slot() noexcept {
  hazard_slot* const slot = mine != nullptr ? mine : first_of_thread();
  // Relaxed: this thread alone writes it.
  return slot != nullptr && slot->what.load(std::memory_order_relaxed) == nullptr ? slot : nullptr;
}

void name_hazard(hazard_slot& in, const void* what) noexcept { in.what.store(what); }

void drop_hazard(hazard_slot& in) noexcept {
  // Release: what was done with it comes before it may go.
  in.what.store(nullptr, std::memory_order_release);
}

void wait_for_hazards(const void* what) noexcept {
  for (hazard_slot* each = all.load(); each != nullptr; each = each->next)
    while (each->what.load() == what) std::this_thread::yield();
}

}  // namespace holdfast::detail
