// SPDX-License-Identifier: Apache-2.0
#include "engine/pipes.hpp"

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/handle.hpp"
#include "wit/pipe.hpp"

namespace holdfast::bridge {
namespace {

// What a guest may write before somebody reads it.
constexpr std::size_t guest_pipe_bytes = 64U << 10;

using held = std::shared_ptr<wit::pipe>;

wit::pipe& at(void* pipe) noexcept { return **static_cast<held*>(pipe); }

std::span<const std::byte> bytes_of(hfb_slice of) noexcept {
  return {reinterpret_cast<const std::byte*>(of.data), of.size};
}

/// A task of a guest that waits for the other end.
class guest_sleeper final : public wit::sleeper {
 public:
  explicit guest_sleeper(const hfb_waker& who) noexcept : who_(who) {}
  guest_sleeper(const guest_sleeper&) = delete;
  guest_sleeper& operator=(const guest_sleeper&) = delete;
  ~guest_sleeper() override { who_.drop(who_.context); }
  void wake() noexcept override { who_.wake(who_.context); }

 private:
  const hfb_waker who_;
};

std::shared_ptr<wit::sleeper> sleeper_of(const hfb_waker* who) {
  return who != nullptr ? std::make_shared<guest_sleeper>(*who) : nullptr;
}

constexpr hfb_flow flow_of(wit::flow now) noexcept {
  switch (now) {
    case wit::flow::open:
      return HFB_FLOW_OPEN;
    case wit::flow::waiting:
      return HFB_FLOW_WAITING;
    case wit::flow::ended:
      return HFB_FLOW_ENDED;
    case wit::flow::lost:
      return HFB_FLOW_LOST;
  }
  return HFB_FLOW_LOST;
}

extern "C" {

void* holdfast_pipe_take(std::uint64_t number) {
  held found = wit::reading_end::take(number);
  return found != nullptr ? new held(std::move(found)) : nullptr;
}

void* holdfast_pipe_make(bool future, bool bytes, std::uint64_t* number) {
  auto made = std::make_unique<held>(std::make_shared<wit::pipe>(
      future ? wit::kind::future : wit::kind::stream,
      bytes ? wit::pipe::form::bytes : wit::pipe::form::elements, guest_pipe_bytes));
  *number = wit::reading_end::bring(*made);
  return made.release();
}

void holdfast_pipe_forget(std::uint64_t number) { wit::reading_end::claim(number); }

hfb_flow holdfast_pipe_filled(void* pipe, const hfb_waker* waker) {
  return flow_of(at(pipe).filled(sleeper_of(waker)));
}

hfb_slice holdfast_pipe_front(void* pipe) { return slice_of(at(pipe).front()); }

void holdfast_pipe_pop(void* pipe, std::size_t bytes) { at(pipe).pop(bytes); }

void holdfast_pipe_leave(void* pipe) { at(pipe).leave(); }

hfb_flow holdfast_pipe_room(void* pipe, const hfb_waker* waker) {
  return flow_of(at(pipe).room(sleeper_of(waker)));
}

std::size_t holdfast_pipe_write(void* pipe, hfb_slice bytes) { return at(pipe).write(bytes_of(bytes)); }

void holdfast_pipe_put(void* pipe, hfb_slice element) {
  const auto packed = bytes_of(element);
  at(pipe).put({packed.begin(), packed.end()});
}

void holdfast_pipe_end(void* pipe, bool lost) { at(pipe).end(lost); }

void holdfast_pipe_drop(void* pipe) { delete static_cast<held*>(pipe); }

}  // extern "C"

}  // namespace

void use_pipes() {
  hfb_use_pipes({.take = holdfast_pipe_take,
                 .make = holdfast_pipe_make,
                 .forget = holdfast_pipe_forget,
                 .filled = holdfast_pipe_filled,
                 .front = holdfast_pipe_front,
                 .pop = holdfast_pipe_pop,
                 .leave = holdfast_pipe_leave,
                 .room = holdfast_pipe_room,
                 .write = holdfast_pipe_write,
                 .put = holdfast_pipe_put,
                 .end = holdfast_pipe_end,
                 .drop = holdfast_pipe_drop});
}

}  // namespace holdfast::bridge
