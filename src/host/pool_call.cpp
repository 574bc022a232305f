// SPDX-License-Identifier: Apache-2.0
#include "host/pool_call.hpp"

#include <array>
#include <holdfast/call_options.hpp>
#include <limits>

#include "core/mailbox.hpp"
#include "host/handle_home.hpp"

namespace holdfast::detail {

releasing::releasing(std::uint64_t handle) {
  target.index = core::request::release;
  std::array<std::byte, sizeof(handle)> number{};
  for (std::size_t i = 0; i < number.size(); ++i) number[i] = static_cast<std::byte>(handle >> (8 * i));
  arguments = call_arguments(wit::packed_args::of(number));
}

// Nobody but the host's actors makes one.
void pool_call::leaves_state(std::shared_ptr<const core::guest_state_record> what) noexcept {
  state_ = std::static_pointer_cast<const actor_state>(std::move(what));
}

std::string pool_call::key_of_child(unsigned attempt) {
  std::uint64_t now = children_.load();
  std::uint64_t next = 0;
  do {
    next = (now >> 32 == attempt ? now : std::uint64_t{attempt} << 32) + 1;
  } while (!children_.compare_exchange_weak(now, next));
  const auto number = static_cast<std::uint32_t>(next);
  return child_key(claim_of_key() != nullptr ? claim_of_key()->print : print_of_call(id()), number);
}

std::size_t pool_call::state_bytes() const noexcept {
  const timer_draft* const made = draft();
  const std::size_t timers = made != nullptr ? made->bytes : 0;
  if (state_ == nullptr) return timers;
  return timers + (state_->last_step != nullptr ? state_->last_step->bytes() : state_->bytes());
}

void pool_call::forget_wishes() noexcept {
  if (draft()->of != nullptr) draft()->of->forget(*this);
}

timer_draft& pool_call::timers() {
  if (timer_draft* const there = timers_.load()) return *there;
  auto made = std::make_unique<timer_draft>();
  timer_draft* there = nullptr;
  return timers_.compare_exchange_strong(there, made.get()) ? *made.release() : *there;
}

pool_call::~pool_call() {
  delete timers_.load();
  if (end().what == outcome::completed && result_ && !read_.load(std::memory_order_relaxed) &&
      is_read_once(*result_))
    release_result();
}

void pool_call::release_result() const {
  const core::home at{end().cell, end().generation};
  const auto lost = wit::decode(*result_, end().value.bytes(), std::numeric_limits<std::size_t>::max(),
                                {at.cell, at.generation});
  if (!lost) return;
  // Nobody's deadline: what waits for its turn is held meanwhile.
  const core::call_terms terms{
      .run_limit = call_options{}.run_limit, .grace = this->terms().grace, .only_in = at, .chore = true};
  for (const std::uint64_t handle : own_handles(*lost)) {
    const auto made = [&](core::environment& world) {
      releasing what(handle);
      const call_id id{world.random.next(), world.random.next()};
      return boost::intrusive_ptr<core::call>(
          new pool_call(world, id, terms, what.target, std::move(what.arguments)));
    };
    if (!accepted_by()->admit_chore(at, made)) return;
  }
}

value_sink sink_into_value(std::optional<wit::value>& value) noexcept {
  return {[](void* into, const wit::type& of, std::span<const std::byte> packed,
             wit::handle::home home) -> std::optional<error> {
            auto read = wit::decode(of, packed, wit::decode_budget, home);
            if (!read) return std::move(read).error();
            *static_cast<std::optional<wit::value>*>(into) = *std::move(read);
            return std::nullopt;
          },
          &value};
}

bool read_value(reply& told, const std::optional<wit::type>& result, std::span<const std::byte> packed,
                const value_sink& into) {
  if (!result) return true;
  const auto failed = into.take(into.into, *result, packed, {told.cell, told.generation});
  if (!failed) return true;
  // More than a reply may hold: the guest has done its work, and the outcome stands.
  told.code = errc::host_failed;
  told.detail = "the result cannot be taken over: " + failed->message();
  return false;
}

reply pool_call::outcome_reply() const {
  std::optional<wit::value> value;
  reply told = outcome_reply(sink_into_value(value));
  told.value = std::move(value);
  return told;
}

reply pool_call::outcome_reply(const value_sink& into) const {
  const core::call_end& ended = end();
  reply told;
  told.code = ended.code;
  told.id = id();
  told.outcome = ended.what;
  told.cell = ended.cell;
  told.generation = ended.generation;
  told.attempts = ended.attempts;
  told.state_lost = ended.state_lost;
  told.detail = ended.detail;
  told.backtrace = ended.backtrace;
  if (ended.what == outcome::completed && read_value(told, result_, ended.value.bytes(), into))
    read_.store(true, std::memory_order_relaxed);
  return told;
}

reply pool_call::detached_reply() const {
  reply told;
  told.code = errc::detached;
  told.id = id();
  return told;
}

reply refused_reply(const error& why) {
  reply told;
  told.code = why.code;
  told.outcome = outcome::refused;
  told.detail = why.message();
  return told;
}

}  // namespace holdfast::detail
