// SPDX-License-Identifier: Apache-2.0
#include "host/hazard.hpp"

#include <new>
#include <thread>
#include <utility>

namespace holdfast::detail {

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

constinit thread_local bool ended = false;

}  // namespace

struct hazard_slot::at_thread_end {
  ~at_thread_end() {
    ended = true;
    if (mine != nullptr) std::exchange(mine, nullptr)->owned.store(false);
  }
  void arm() const noexcept {}
};

hazard_slot* hazard_slot::first_of_thread() noexcept {
  if (ended) return nullptr;
  thread_local const at_thread_end gives_back;
  gives_back.arm();
  mine = acquire();
  return mine;
}

bool is_held(const void* what) noexcept {
  for (const hazard_slot* each = all.load(); each != nullptr; each = each->next)
    if (each->what.load() == what) return true;
  return false;
}

void wait_for_hazards(const void* what) noexcept {
  for (hazard_slot* each = all.load(); each != nullptr; each = each->next)
    while (each->what.load() == what) std::this_thread::yield();
}

}  // namespace holdfast::detail
