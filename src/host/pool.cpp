// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/pool.hpp>
#include <utility>

#include "engine/component_impl.hpp"
#include "engine/engine_impl.hpp"
#include "host/pool_impl.hpp"
#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast {

namespace detail {

void readiness::on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
                        cell_state to) noexcept {
  next_.on_cell(cell, generation, from, to);
  using enum cell_state;
  if (from != building && from != rebuilding && to != broken) return;
  {
    const std::scoped_lock lock(mutex_);
    if (to == broken || to == closed) {  // closed while it was built: it will never be ready
      ++broken_;
      closed_ = closed_ || to == closed;
    } else if (to == idle || to == draining) {
      ready_ = true;
    } else {
      return;
    }
  }
  changed_.notify_all();
}

void readiness::on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                         std::string_view untrusted) noexcept {
  next_.on_fault(cell, generation, why, untrusted);
  const std::scoped_lock lock(mutex_);
  if (!ready_) fault_ = error(why, std::string(untrusted));
}

bool readiness::closed() {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

bool readiness::wait(duration limit, std::size_t cells) {
  std::unique_lock lock(mutex_);
  const auto decided = [&] { return ready_ || broken_ >= cells; };
  if (limit == no_limit) {
    changed_.wait(lock, decided);
  } else {
    changed_.wait_for(lock, limit, decided);
  }
  return ready_;
}

std::optional<error> readiness::last_fault() {
  const std::scoped_lock lock(mutex_);
  return fault_;
}

reservation::~reservation() { from_.internals()->reserved_instances.fetch_sub(count_); }

}  // namespace detail

pool::impl::impl(std::shared_ptr<host::impl> by, pool_options with, std::unique_ptr<bridge::blueprint> linked)
    : owner(std::move(by)),
      options(std::move(with)),
      reserved(owner->with, options.cells),
      ready(owner->world->observe),
      world{owner->world->time, owner->world->run, owner->world->deadlines, owner->world->random, ready},
      blueprint(std::move(linked)),
      box(new core::mailbox(world, {options.queue_depth, options.queue_bytes, options.call_bytes})) {
  for (std::uint32_t i = 0; i < options.cells; ++i)
    cells.emplace_back(
        new core::cell(world, box, *blueprint, options.rebuild, owner->next_cell.fetch_add(1)));
  for (const auto& one : cells) one->open();
}

result<boost::intrusive_ptr<detail::pool_call>> pool::impl::prepare(std::string_view function,
                                                                    wit::arguments&& arguments,
                                                                    const call_options& how, bool bound) {
  const auto found = blueprint->linked().world().find_export(function);
  if (!found) return found.error();
  auto packed = wit::encode(**found, std::move(arguments));
  if (!packed) return packed.error();
  return make_call(**found, std::move(*packed), how, bound);
}

boost::intrusive_ptr<detail::pool_call> pool::impl::make_call(const wit::function& target,
                                                              wit::packed_args&& arguments,
                                                              const call_options& how, bool bound) {
  const core::call_terms terms{.deadline = core::later(world.time.now(), how.deadline),
                               .run_limit = how.run_limit,
                               .grace = options.stop_grace,
                               .bound = bound};
  const call_id id{world.random.next(), world.random.next()};
  return boost::intrusive_ptr<detail::pool_call>(
      new detail::pool_call(world, id, terms, target, std::move(arguments)));
}

void pool::impl::begin_drain() noexcept {
  box->close();
  for (const auto& one : cells) one->drain();
}

void pool::impl::finish_drain(time_point until) noexcept {
  if (owner->wait_deserted(*box, until)) return;
  box->refuse_queued(errc::draining, "the pool was drained before the call could begin");
  for (const auto& one : cells) one->close();
  owner->wait_deserted(*box, time_point::max());
}

reply pool::call(std::string_view function, wit::arguments arguments, const call_options& options) const {
  return call(function, std::move(arguments), options, std::stop_token());
}

reply pool::call(std::string_view function, wit::arguments arguments, const call_options& options,
                 std::stop_token stop) const {
  auto asked = impl_->prepare(function, std::move(arguments), options, true);
  if (!asked) return detail::refused_reply(asked.error());
  const boost::intrusive_ptr<detail::thread_waiter> waits(new detail::thread_waiter(impl_->world, *asked));
  waits->leave_on(std::move(stop));
  auto refused = detail::begin_bound(*impl_, *asked, *waits, options, start::dispatch);
  return refused ? std::move(*refused) : waits->wait();
}

result<ticket> pool::submit(std::string_view function, wit::arguments arguments,
                            const call_options& options) const {
  auto asked = impl_->prepare(function, std::move(arguments), options, false);
  if (!asked) return asked.error();
  // Made first: an accepted call never lacks its ticket.
  ticket claim(std::make_shared<const ticket::impl>(*asked, impl_));
  if (auto refused = impl_->box->admit(*asked, options.how.value_or(start::post))) return *refused;
  return claim;
}

result<void> pool::wait_ready(duration limit) const {
  if (impl_->ready.wait(limit, impl_->cells.size())) return {};
  if (impl_->ready.closed()) return error(errc::draining);
  const auto why = impl_->ready.last_fault();
  if (!why) return error(errc::cannot_instantiate, "no instance was ready in time");
  return error(*why == errc::no_resources ? errc::no_resources : errc::cannot_instantiate, why->detail);
}

const holdfast::component& pool::component() const noexcept { return impl_->blueprint->linked(); }

std::vector<cell_status> pool::cells() const {
  std::vector<cell_status> all;
  all.reserve(impl_->cells.size());
  for (const auto& one : impl_->cells) all.push_back({one->number(), one->generation(), one->state()});
  return all;
}

std::size_t pool::queued() const noexcept { return impl_->box->depth(); }

void pool::drain(duration grace) const {
  detail::forbid_inside_callback("a pool was drained");
  impl_->begin_drain();
  impl_->finish_drain(core::later(impl_->world.time.now(), grace));
  const std::scoped_lock lock(impl_->owner->mutex);
  std::erase(impl_->owner->pools, impl_);
}

}  // namespace holdfast
