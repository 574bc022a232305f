// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/http_exchange.hpp>
#include <holdfast/pool.hpp>
#include <stop_token>
#include <utility>

#include "core/lineage.hpp"
#include "engine/http_traffic.hpp"
#include "host/blocking_call.hpp"
#include "host/handle_home.hpp"
#include "host/pool_impl.hpp"
#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast {

pool::impl::impl(std::shared_ptr<host::impl> by, pool_options with, std::shared_ptr<detail::edition> first,
                 std::string scope)
    : owner(std::move(by)),
      options(std::move(with)),
      key_scope(std::move(scope)),
      current(first),
      front(first.get()) {}

std::optional<error> pool::impl::check(const detail::edition& in, std::string_view function,
                                       wit::arguments&& arguments, const call_options& how,
                                       detail::checked_request& into) const {
  if (in.refuses) return refused(*in.refuses);
  const auto found = in.what.world().find_export(function);
  if (!found) return refused(found.error());
  if (auto why = unfit(**found)) return refused(*std::move(why));
  auto home = detail::home_of(**found, arguments);
  if (!home) return refused(home.error());
  // In line, equal requests are equal bytes.
  auto packed =
      wit::encode(**found, std::move(arguments),
                  how.key.empty() && !in.in_line ? wit::placement::by_reference : wit::placement::in_line);
  if (!packed) return refused(packed.error());
  into.of = *found;
  into.arguments = detail::call_arguments(std::move(*packed));
  into.only_in = *home;
  return std::nullopt;
}

std::optional<error> pool::impl::unfit(const wit::function& which) const {
  if (turns == nullptr ||
      !(detail::takes_streams(which) || (which.result && detail::is_read_once(*which.result))))
    return std::nullopt;
  return error(errc::bad_arguments, "`" + which.qualified_name() +
                                        "` passes streams or returns resources, which would end with the "
                                        "instance of the actor");
}

error pool::impl::refused(error why) const {
  owner->world->observe.on_refused(static_cast<errc>(why.code.value()));
  return why;
}

boost::intrusive_ptr<detail::pool_call> pool::impl::make(detail::checked_request&& asked,
                                                         const call_options& how, core::call_terms form,
                                                         const call_id& id) const {
  form.time_limit = how.deadline;
  // A guest's own call ends no later than the guest itself.
  if (const core::call* parent = core::on_behalf::current()) form.deadline = parent->stop_at();
  form.run_limit = how.run_limit;
  form.grace = options.stop_grace;
  form.attempts = options.retry.attempts;
  // What came through a stream is used up by the first attempt.
  form.repeatable = asked.of->contract.retry_safe() && !detail::takes_streams(*asked.of);
  if (asked.with != nullptr) form.repeatable = false;  // nor is the body of a request there twice
  form.only_in = asked.only_in;
  boost::intrusive_ptr<detail::pool_call> made(
      new detail::pool_call(*owner->world, id, form, *asked.of, std::move(asked.arguments), how.key));
  if (asked.with != nullptr) made->talks(std::move(asked.with));
  if (actor_print != nullptr) made->is_of_actor(*actor_print, asked.of->contract.has(cancel_mark::read_only));
  return made;
}

reply pool::call(std::string_view function, wit::arguments arguments, const call_options& options) const {
  return call(function, std::move(arguments), options, std::stop_token());
}

reply pool::call(std::string_view function, wit::arguments arguments, const call_options& options,
                 std::stop_token stop) const {
  if (auto refused = detail::refused_inside_callback()) return *std::move(refused);
  reply told;
  boost::intrusive_ptr<detail::thread_waiter> waits;
  {
    const impl::admission to(*impl_);
    detail::checked_request asked;
    if (const auto why = impl_->check(*to, function, std::move(arguments), options, asked))
      return detail::refused_reply(*why);
    waits = detail::begin_blocking(*impl_, *to, asked, options, std::move(stop), told, nullptr);
  }
  return waits != nullptr ? waits->wait() : told;
}

result<ticket> pool::submit(std::string_view function, wit::arguments arguments,
                            const call_options& options) const {
  const impl::admission to(*impl_);
  detail::checked_request asked;
  if (auto why = impl_->check(*to, function, std::move(arguments), options, asked)) return *std::move(why);
  return detail::submit(*impl_, *to, asked, options);
}

result<ticket> pool::serve(http_exchange& with, const call_options& options) const {
  const std::shared_ptr<bridge::http_traffic> traffic = with.through();
  if (!traffic->claim()) return impl_->refused(error(errc::bad_arguments, "the request was served before"));
  const auto begun = [&]() -> result<ticket> {
    const impl::admission to(*impl_);
    if (to->refuses) return impl_->refused(*to->refuses);
    const wit::function* const handler = to->what.http_handler();
    if (handler == nullptr)
      return impl_->refused(
          error(errc::no_such_export, "the component does not export `wasi:http/incoming-handler`"));
    if (!options.key.empty() || impl_->turns != nullptr)
      return impl_->refused(
          error(errc::bad_arguments,
                "no key can stand for an HTTP request, whose body is read once, and no actor"));
    detail::checked_request asked{.of = handler, .with = traffic};
    return detail::submit(*impl_, *to, asked, options);
  }();
  if (!begun) traffic->over(begun.error().message());
  return begun;
}

result<ticket> pool::release(const wit::handle& which, const call_options& options) const {
  if (which.from().generation == 0 || which.owned() != wit::handle::ownership::own)
    return error(errc::bad_arguments, "only an own handle that a call of this pool returned can be released");
  detail::releasing drop(which.number());
  const impl::admission to(*impl_);
  const auto asked = impl_->make({.of = &drop.target,
                                  .arguments = std::move(drop.arguments),
                                  .only_in = core::home{which.from().cell, which.from().generation}},
                                 options, {});
  ticket claim(std::make_shared<const ticket::impl>(asked, impl_->owner, core::call::reading::last));
  if (auto refused = to->box->admit(asked, options.how.value_or(start::post))) return *refused;
  return claim;
}

result<void> pool::wait_ready(duration limit) const {
  const auto of = impl_->current.load();
  if (of->ready.wait_ready(limit, impl_->owner->help)) return {};
  if (of->ready.closed()) return error(errc::draining);
  const auto why = of->ready.last_fault();
  if (!why) return error(errc::cannot_instantiate, "no instance was ready in time");
  return error(*why == errc::no_resources ? errc::no_resources : errc::cannot_instantiate, why->detail);
}

std::optional<error> pool::wait_broken(duration limit) const {
  const auto why = impl_->current.load()->ready.wait_broken(limit, impl_->owner->help);
  if (!why) return std::nullopt;
  return error(errc::broken, why->message());
}

result<void> pool::swap(const holdfast::component& next, const swap_options& how) const {
  if (impl_->owner->began.forked()) return error(errc::forked);
  detail::forbid_inside_callback("a pool's component was exchanged");
  return impl_->exchange(next, how);
}

holdfast::component pool::component() const { return impl_->component(); }

std::vector<cell_status> pool::cells() const {
  const auto of = impl_->current.load();
  std::vector<cell_status> all;
  all.reserve(of->cells.size());
  for (const auto& one : of->cells) all.push_back({one->number(), one->generation(), one->state()});
  return all;
}

std::size_t pool::queued() const noexcept { return impl_->current.load()->box->depth(); }

void pool::drain(duration grace) const {
  if (impl_->owner->began.forked()) return;
  detail::forbid_inside_callback("a pool was drained");
  impl_->begin_drain();
  impl_->finish_drain(core::later(impl_->owner->world->time.now(), grace));
  impl_->owner->flush_journal();
  const std::scoped_lock lock(impl_->owner->mutex);
  std::erase(impl_->owner->pools, impl_);
}

}  // namespace holdfast
