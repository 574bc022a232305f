// SPDX-License-Identifier: Apache-2.0
#include "engine/instance.hpp"

#include <algorithm>
#include <utility>

#include "core/newcomer.hpp"
#include "engine/bridge_error.hpp"

namespace holdfast::bridge {
namespace {

extern "C" void holdfast_wake(void* context) { static_cast<core::poller*>(context)->wake(); }

extern "C" void holdfast_wake_drop(void* context) {
  const boost::intrusive_ptr<core::poller> owner(static_cast<core::poller*>(context), false);
}

// The handle that is to be released.
std::optional<std::uint64_t> number_in(std::span<const std::byte> packed) noexcept {
  if (packed.size() != sizeof(std::uint64_t)) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = packed.size(); i-- > 0;)
    number = number << 8 | std::to_integer<std::uint64_t>(packed[i]);
  return number;
}

}  // namespace

const hfb_context instance::context{look, time_left};

instance::instance(const hfb_blueprint* from, boost::intrusive_ptr<core::poller> owner,
                   const core::home& where, const core::time_source& clock, std::shared_ptr<objects> kept,
                   std::shared_ptr<const brief_exports> brief) noexcept
    : home_{where.cell, where.generation},
      clock_(clock),
      kept_(std::move(kept)),
      brief_(std::move(brief)),
      concurrent_(hfb_blueprint_concurrent(from)) {
  const hfb_waker waker{owner.detach(), holdfast_wake,
                        holdfast_wake_drop};  // the bridge gives the reference back
  hfb_instance* raw = nullptr;
  if (hfb_error* failed = hfb_instance_new(from, waker, this, &raw)) {
    fault_ = to_fault(failed);
  } else {
    handle_.reset(raw);
  }
}

instance::~instance() {
  // Whoever still works for this instance in a host function works for nobody.
  stop_.request_stop();
  // The store runs no destructor of the host's: what its guest still had ends here, whyever the store goes.
  handle_.reset();
  cut_.request_stop();
  if (kept_ != nullptr) kept_->close();
}

void instance::drop_object(void* user, std::uint32_t object) noexcept {
  const auto* const self = static_cast<const instance*>(user);
  if (self != nullptr && self->kept_ != nullptr) self->kept_->erase(object);
}

core::guest_state instance::poll() {
  if (fault_) return core::guest_state::failed;
  // A task that goes on after its result has nobody who waits on this thread for where that landed.
  const bool may_land = !concurrent_ && current_ && current_->unseen != nullptr && current_->unseen->lands();
  switch (may_land ? hfb_instance_poll_landing(handle_.get(), {this, land})
                   : hfb_instance_poll(handle_.get())) {
    case HFB_STATE_PENDING:
      return take_ended() ? core::guest_state::answered : core::guest_state::pending;
    case HFB_STATE_READY:
      take_ended();
      current_.reset();
      return core::guest_state::ready;
    case HFB_STATE_FAILED:
      // What the task told before it failed is its result.
      if (take_ended()) return core::guest_state::answered;
      break;
  }
  current_.reset();
  return core::guest_state::failed;
}

bool instance::take_ended() noexcept {
  if (!concurrent_ || !current_) return false;
  std::uint64_t call = 0;
  hfb_bytes bytes{};
  if (!hfb_instance_next_ended(handle_.get(), &call, &bytes)) return false;
  kept_result_ = buffer_of(bytes);
  ended_ = true;
  current_.reset();
  return true;
}

std::optional<error> instance::start(const core::request& what) {
  if (stop_.stop_requested())
    stop_ = std::stop_source();  // the last call was asked to stop and came to its end
  hfb_error* failed = nullptr;
  if (what.function == core::request::release) {
    const auto number = number_in(what.arguments);
    if (!number) return error(errc::bad_arguments, "a release takes the number of one handle");
    failed = hfb_instance_start_drop(handle_.get(), *number);
  } else {
    failed = concurrent_
                 ? hfb_instance_begin(handle_.get(), ++begun_, what.function, slice_of(what.arguments))
                 : hfb_instance_start(handle_.get(), what.function, slice_of(what.arguments));
  }
  if (failed == nullptr) {
    current_ = what;
    landed_ = false;
    return std::nullopt;
  }
  // Types were checked when the arguments were encoded; handles only this instance knows. The rest is told by
  // the next poll.
  if (hfb_error_kind(failed) == HFB_KIND_BAD_VALUE)
    return error(errc::bad_arguments, to_error(failed).detail);
  // So many of the instance's resources are held outside that there is no room for those of another result.
  if (hfb_error_kind(failed) == HFB_KIND_TOO_LARGE) return to_error(failed);
  fault_ = to_fault(failed);
  return std::nullopt;
}

core::buffer instance::take_result() {
  if (kept_result_.size() != 0 || std::exchange(ended_, false)) return std::exchange(kept_result_, {});
  core::buffer scalar;
  bool other = false;
  scalar.fill_small([&](std::byte* out) -> std::size_t {
    const std::uint32_t size = hfb_instance_take_scalar(handle_.get(), reinterpret_cast<std::uint8_t*>(out));
    other = size == UINT32_MAX;
    return other ? 0 : size;
  });
  if (!other) return scalar;
  hfb_bytes bytes{};
  hfb_instance_take_result(handle_.get(), &bytes);
  return buffer_of(bytes);
}

core::fault instance::take_fault() {
  if (fault_) return *std::exchange(fault_, std::nullopt);
  if (hfb_error* why = hfb_instance_take_error(handle_.get())) return to_fault(why);
  return {.code = errc::internal, .message = "the instance failed without a reason"};
}

std::uint64_t instance::memory() const noexcept {
  return handle_ != nullptr ? hfb_instance_memory(handle_.get()) : 0;
}

std::size_t instance::held() const noexcept {
  return handle_ != nullptr ? hfb_instance_held(handle_.get()) : 0;
}

std::uint64_t instance::fuel_used() const noexcept {
  return handle_ != nullptr ? hfb_instance_fuel_used(handle_.get()) : 0;
}

void instance::ask_to_stop() noexcept { stop_.request_stop(); }

boost::intrusive_ptr<core::call> instance::in_flight() const noexcept {
  return current_ ? boost::intrusive_ptr<core::call>(known()) : nullptr;
}

core::call* instance::known() const noexcept {
  if (current_->unseen != nullptr) current_->unseen->show();
  return current_->of;
}

bool instance::land(void* user, hfb_slice run) noexcept {
  auto* const self = static_cast<instance*>(user);
  // A host function may have shown the call: others want its result too.
  if (!self->current_ || self->current_->unseen == nullptr) return false;
  self->landed_ = self->current_->unseen->land({reinterpret_cast<const std::byte*>(run.data), run.size});
  return self->landed_;
}

void instance::known_as(core::call& which) noexcept {
  if (!current_) return;  // it has ended in the same poll
  // Its post-return goes on, and the newcomer's caller may leave.
  if (std::exchange(landed_, false)) kept_result_ = current_->unseen->take_back();
  current_->of = &which;
  current_->unseen = nullptr;
  // What the newcomer lent ends with its caller's wait; the call's own lives as long as it.
  current_->arguments = which.arguments();
  current_->key = which.key();
}

void instance::look(void* user, hfb_attempt* out) noexcept {
  *out = {};
  const auto* const self = static_cast<const instance*>(user);
  if (self == nullptr) return;  // a direct call
  out->generation = self->home_.generation;
  if (!self->current_) return;  // a start function
  out->stop_requested = self->stop_.stop_requested();
  out->attempt = self->current_->attempt;
  out->has_key = !self->current_->key.empty();
  out->key = slice_of(self->current_->key);
}

bool instance::time_left(void* user, std::uint64_t* out) noexcept {
  const auto* const self = static_cast<const instance*>(user);
  if (self == nullptr || !self->current_) return false;
  *out = 0;
  if (self->stop_.stop_requested()) return true;  // asked, by whatever: nothing is left
  time_point stop_at = self->current_->stop_at;
  if (const core::call* const of = self->known()) stop_at = of->stop_at();
  duration left = no_limit;
  if (stop_at != time_point::max()) left = stop_at - self->clock_.now();
  if (self->brief_ != nullptr && self->brief_->has(self->current_->function))
    left = std::min(left, self->brief_->slice());
  if (left == no_limit) return false;
  *out = static_cast<std::uint64_t>(std::max(left, duration::zero()).count());
  return true;
}

void instance::interrupt() noexcept {
  if (handle_ != nullptr) hfb_instance_interrupt(handle_.get());
}

}  // namespace holdfast::bridge
