// SPDX-License-Identifier: Apache-2.0
#include "engine/instance.hpp"

#include <algorithm>
#include <utility>

#include "core/newcomer.hpp"
#include "engine/bridge_error.hpp"
#include "engine/http_traffic.hpp"

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
      from_(from),
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
  for (const flight& each : flights_)
    if (each.stop) each.stop->request_stop();
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
  const bool may_land = !concurrent_ && !flights_.empty() && flights_.front().what.unseen != nullptr &&
                        flights_.front().what.unseen->lands();
  switch (may_land ? hfb_instance_poll_landing(handle_.get(), {this, land})
                   : hfb_instance_poll(handle_.get())) {
    case HFB_STATE_PENDING:
      if (!concurrent_) return core::guest_state::pending;
      take_ended();
      return ended_.empty() ? core::guest_state::pending : core::guest_state::answered;
    case HFB_STATE_READY:
      if (concurrent_) take_ended();
      flights_.clear();
      return core::guest_state::ready;
    case HFB_STATE_FAILED:
      // What tasks told before they failed is their result.
      if (concurrent_) take_ended();
      if (!ended_.empty()) return core::guest_state::answered;
      break;
  }
  flights_.clear();
  return core::guest_state::failed;
}

void instance::take_ended() {
  std::uint64_t number = 0;
  hfb_bytes bytes{};
  while (hfb_instance_next_ended(handle_.get(), &number, &bytes)) {
    ended_.push_back({number, buffer_of(bytes)});
    if (const flight* const which = find(number))
      flights_.erase(flights_.begin() + (which - flights_.data()));
  }
}

std::optional<core::answer> instance::next_answer() {
  if (ended_.empty()) return std::nullopt;
  core::answer next = std::move(ended_[next_ended_]);
  if (++next_ended_ == ended_.size()) {
    next_ended_ = 0;
    ended_.clear();
  }
  return next;
}

const instance::flight* instance::find(std::uint64_t number) const noexcept {
  const auto found = std::ranges::find(flights_, number, [](const flight& each) { return each.what.number; });
  return found != flights_.end() ? &*found : nullptr;
}

const instance::flight* instance::asking(std::uint64_t call) const noexcept {
  // The drop of a resource has no number; it is alone.
  const bool only =
      !concurrent_ || (flights_.size() == 1 && flights_.front().what.function == core::request::release);
  if (only) return flights_.empty() ? nullptr : &flights_.front();
  return find(call);
}

bool instance::open() const noexcept { return !concurrent_ || !hfb_instance_holds_back(handle_.get()); }

bool instance::stirs() const noexcept { return concurrent_ && hfb_instance_stirs(handle_.get()); }

bool instance::is_alone(std::uint32_t function) const noexcept {
  return !concurrent_ || function == core::request::release || hfb_blueprint_runs_alone(from_, function);
}

std::optional<error> instance::start(const core::request& what) {
  if (stop_.stop_requested())
    stop_ = std::stop_source();  // the last call was asked to stop and came to its end
  hfb_error* failed = nullptr;
  if (what.function == core::request::release) {
    const auto number = number_in(what.arguments);
    if (!number) return error(errc::bad_arguments, "a release takes the number of one handle");
    failed = hfb_instance_start_drop(handle_.get(), *number);
  } else if (what.with != nullptr) {
    // There is no other dialogue.
    const hfb_exchange* const with = static_cast<const http_traffic*>(what.with)->raw();
    failed = concurrent_ ? hfb_instance_begin_exchange(handle_.get(), what.number, what.function, with)
                         : hfb_instance_start_exchange(handle_.get(), what.function, with);
  } else {
    failed = concurrent_
                 ? hfb_instance_begin(handle_.get(), what.number, what.function, slice_of(what.arguments))
                 : hfb_instance_start(handle_.get(), what.function, slice_of(what.arguments));
  }
  if (failed == nullptr) {
    flights_.emplace_back().what = what;
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
  if (auto last = next_answer()) return std::move(last->value);
  if (kept_result_.size() != 0) return std::exchange(kept_result_, {});
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
  hfb_error* const why = hfb_instance_take_error(handle_.get());
  if (why == nullptr) return {.code = errc::internal, .message = "the instance failed without a reason"};
  core::fault told = to_fault(why);
  if (std::uint64_t number = 0; concurrent_ && hfb_instance_failed_call(handle_.get(), &number))
    told.of = number;
  return told;
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

void instance::play(std::span<const std::byte> tape) {
  if (handle_ == nullptr) return;
  if (hfb_error* failed = hfb_instance_play(handle_.get(), slice_of(tape))) fault_ = to_fault(failed);
}

std::optional<core::buffer> instance::take_tape() {
  hfb_bytes bytes{};
  if (handle_ == nullptr || !hfb_instance_take_tape(handle_.get(), &bytes)) return std::nullopt;
  return buffer_of(bytes);
}

std::optional<error> instance::end_play() {
  hfb_error* const left = handle_ != nullptr ? hfb_instance_end_play(handle_.get()) : nullptr;
  return left != nullptr ? std::optional(to_error(left)) : std::nullopt;
}

void instance::ask_to_stop(std::uint64_t number) noexcept {
  if (!concurrent_) {
    stop_.request_stop();
  } else if (const flight* const which = find(number)) {
    if (!which->stop) which->stop.emplace();
    std::stop_source(*which->stop).request_stop();  // a copy: what it runs may end the call
  }
}

bool instance::asked_to_stop(const flight& which) const noexcept {
  return concurrent_ ? which.stop && which.stop->stop_requested() : stop_.stop_requested();
}

instance::errand instance::errand_of(std::optional<std::uint64_t> number) const {
  errand made;
  const flight* const of = asking(number.value_or(UINT64_MAX));
  if (of != nullptr) {
    made.caller.reset(known(*of));
    made.attempt = of->what.attempt;
  }
  if (!concurrent_) {
    made.stop = stop_.get_token();
    return made;
  }
  made.gone = stop_.get_token();
  if (of == nullptr) return made;
  if (!of->stop) of->stop.emplace();
  made.stop = of->stop->get_token();
  return made;
}

void instance::show_all() const noexcept {
  for (const flight& each : flights_) known(each);
}

call_id instance::only_call() const noexcept {
  const core::call* const one = !concurrent_ && !flights_.empty() ? flights_.front().what.of : nullptr;
  return one != nullptr ? one->id() : call_id();
}

core::call* instance::known(const flight& which) noexcept {
  if (which.what.unseen != nullptr) which.what.unseen->show();
  return which.what.of;
}

bool instance::land(void* user, hfb_slice run) noexcept {
  auto* const self = static_cast<instance*>(user);
  // A host function may have shown the call: others want its result too.
  if (self->flights_.empty() || self->flights_.front().what.unseen == nullptr) return false;
  self->landed_ =
      self->flights_.front().what.unseen->land({reinterpret_cast<const std::byte*>(run.data), run.size});
  return self->landed_;
}

void instance::known_as(core::call& which) noexcept {
  const auto unseen =
      std::ranges::find_if(flights_, [](const flight& each) { return each.what.unseen != nullptr; });
  if (unseen == flights_.end()) return;  // it has ended in the same poll
  core::request& what = unseen->what;
  // Its post-return goes on, and the newcomer's caller may leave.
  if (std::exchange(landed_, false)) kept_result_ = what.unseen->take_back();
  what.of = &which;
  what.unseen = nullptr;
  // What the newcomer lent ends with its caller's wait; the call's own lives as long as it.
  what.arguments = which.arguments();
  what.key = which.key();
}

void instance::look(void* user, std::uint64_t call, hfb_attempt* out) noexcept {
  *out = {};
  const auto* const self = static_cast<const instance*>(user);
  if (self == nullptr) return;  // a direct call
  out->generation = self->home_.generation;
  const flight* const of = self->asking(call);
  if (of == nullptr) return;  // a start function, or a task that goes on after its result
  out->stop_requested = self->asked_to_stop(*of);
  out->attempt = of->what.attempt;
  out->has_key = !of->what.key.empty();
  out->key = slice_of(of->what.key);
}

bool instance::time_left(void* user, std::uint64_t call, std::uint64_t* out) noexcept {
  const auto* const self = static_cast<const instance*>(user);
  const flight* const of = self != nullptr ? self->asking(call) : nullptr;
  if (of == nullptr) return false;
  *out = 0;
  if (self->asked_to_stop(*of)) return true;  // asked, by whatever: nothing is left
  time_point stop_at = of->what.stop_at;
  if (const core::call* const shown = known(*of)) stop_at = shown->stop_at();
  duration left = no_limit;
  if (stop_at != time_point::max()) left = stop_at - self->clock_.now();
  if (self->brief_ != nullptr && self->brief_->has(of->what.function))
    left = std::min(left, self->brief_->slice());
  if (left == no_limit) return false;
  *out = static_cast<std::uint64_t>(std::max(left, duration::zero()).count());
  return true;
}

void instance::interrupt() noexcept {
  if (handle_ != nullptr) hfb_instance_interrupt(handle_.get());
}

void instance::forget_interrupt() noexcept {
  if (handle_ != nullptr) hfb_instance_forget_interrupt(handle_.get());
}

}  // namespace holdfast::bridge
