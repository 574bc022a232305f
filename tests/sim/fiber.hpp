// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ucontext.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "core/call.hpp"

/// A thread of the simulation: a stack of its own on the one thread that simulates.
///
/// Only one runs at a time and it runs until it gives the turn away, so a schedule is a list of decisions and
/// nothing else. The sanitizers are told of each switch.
namespace holdfast::sim {

/// What core keeps per thread, kept per fiber.
struct fiber_locals {
  // Moved in and out of core's variables at each switch.
  bool driving = false;
  boost::intrusive_ptr<core::call> behalf{};
};

class fiber {
 public:
  fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;
  ~fiber();

  /// Gives it something to do; the first `resume` begins it. It must have ended what it did before.
  void assign(std::function<void()> body);

  bool ended() const noexcept { return ended_; }

  /// Runs `to` until somebody switches back. `from` is the fiber that runs now.
  static void change(fiber& from, fiber& to) noexcept;

  /// Stands for the stack that the thread came with.
  struct of_thread {};
  explicit fiber(of_thread) noexcept;

  /// Where a fiber goes that has ended what it was given. Set before it runs.
  fiber* after = nullptr;

 private:
  static void enter() noexcept;
  [[noreturn]] void live() noexcept;
  void arrived() noexcept;

  ucontext_t context_{};
  std::byte* stack_ = nullptr;
  const void* bottom_ = nullptr;  // as the sanitizers see the stack
  std::size_t size_ = 0;
  void* fake_stack_ = nullptr;  // AddressSanitizer's
  void* shadow_ = nullptr;      // ThreadSanitizer's
  std::function<void()> body_;
  bool ended_ = true;
  fiber_locals locals_;
};

/// Fibers for one run after the other on one thread: a stack is made once.
class fiber_pool {
 public:
  static fiber_pool& of_this_thread();

  std::unique_ptr<fiber> take();
  void give_back(std::unique_ptr<fiber> ended);

 private:
  std::vector<std::unique_ptr<fiber>> free_;
};

}  // namespace holdfast::sim
