// SPDX-License-Identifier: Apache-2.0
#include "sim/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "core/driving.hpp"
#include "core/lineage.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define HOLDFAST_SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDFAST_SIM_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define HOLDFAST_SIM_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOLDFAST_SIM_TSAN 1
#endif
#endif

#if defined(HOLDFAST_SIM_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(HOLDFAST_SIM_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace holdfast::sim {
namespace {

constexpr std::size_t stack_size = 256U << 10;

thread_local fiber_locals of_thread_itself;
thread_local fiber_locals* now = &of_thread_itself;
// Who a switch goes to and comes from, for the first lines on the other stack.
thread_local fiber* coming = nullptr;
thread_local fiber* leaving = nullptr;
// Core's word on whose behalf the thread works, said for the fiber that runs, also where that is nobody. What
// it found, the word of the fiber before, is never looked at: the next switch says its own at once.
thread_local std::optional<core::on_behalf> behalf;

}  // namespace

fiber::fiber() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const got =
      ::mmap(nullptr, stack_size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED || ::mprotect(got, page, PROT_NONE) != 0) std::abort();
  stack_ = static_cast<std::byte*>(got);
  bottom_ = stack_ + page;
  size_ = stack_size;
  if (::getcontext(&context_) != 0) std::abort();
  context_.uc_stack.ss_sp = stack_ + page;
  context_.uc_stack.ss_size = stack_size;
  context_.uc_link = nullptr;
  ::makecontext(&context_, &fiber::enter, 0);
#if defined(HOLDFAST_SIM_TSAN)
  shadow_ = __tsan_create_fiber(0);
#endif
}

fiber::fiber(of_thread /*unused*/) noexcept {
#if defined(HOLDFAST_SIM_TSAN)
  shadow_ = __tsan_get_current_fiber();
#endif
}

fiber::~fiber() {
  if (stack_ == nullptr) return;
#if defined(HOLDFAST_SIM_TSAN)
  __tsan_destroy_fiber(shadow_);
#endif
  ::munmap(stack_, stack_size + static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
}

void fiber::assign(std::function<void()> body) {
  body_ = std::move(body);
  locals_ = {};
  ended_ = false;
}

void fiber::change(fiber& from, fiber& to) noexcept {
  leaving = &from;
  coming = &to;
  now->behalf.reset(core::on_behalf::current());
  behalf.reset();
  fiber_locals& next = to.stack_ == nullptr ? of_thread_itself : to.locals_;
  now->driving = core::driving_mark::exchange(next.driving);
  now = &next;
  behalf.emplace(std::exchange(now->behalf, nullptr));
#if defined(HOLDFAST_SIM_ASAN)
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.bottom_, to.size_);
#endif
#if defined(HOLDFAST_SIM_TSAN)
  __tsan_switch_to_fiber(to.shadow_, 0);
#endif
  ::swapcontext(&from.context_, &to.context_);
  from.arrived();
}

void fiber::arrived() noexcept {
#if defined(HOLDFAST_SIM_ASAN)
  // The thread's own stack is known to AddressSanitizer alone; it tells when it is left.
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &bottom, &size);
  leaving->bottom_ = bottom;
  leaving->size_ = size;
#endif
}

void fiber::enter() noexcept { coming->live(); }

void fiber::live() noexcept {
  arrived();
  for (;;) {
    body_();
    body_ = nullptr;
    ended_ = true;
    change(*this, *after);
  }
}

fiber_pool& fiber_pool::of_this_thread() {
  thread_local fiber_pool mine;
  return mine;
}

std::unique_ptr<fiber> fiber_pool::take() {
  if (free_.empty()) return std::make_unique<fiber>();
  auto one = std::move(free_.back());
  free_.pop_back();
  return one;
}

void fiber_pool::give_back(std::unique_ptr<fiber> ended) { free_.push_back(std::move(ended)); }

}  // namespace holdfast::sim
