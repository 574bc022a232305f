// SPDX-License-Identifier: Apache-2.0
#include <holdfast/function.hpp>
#include <utility>

#include "core/driving.hpp"
#include "host/blocking_call.hpp"
#include "host/export_target.hpp"
#include "host/pool_impl.hpp"
#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast::detail {
namespace {

class pool_export final : public export_link {
 public:
  pool_export(std::shared_ptr<pool::impl> in, export_target target)
      : in_(std::move(in)), target_(std::move(target)) {}

  void call(argument_source from, const call_options& options, reply& told, value_sink into) const override {
    if (core::driving_mark::here()) [[unlikely]] {
      told = *refused_inside_callback();
      return;
    }
    boost::intrusive_ptr<thread_waiter> waits;
    {
      const pool::impl::admission to(*in_);
      checked_request asked;
      if (const auto why = check(*to, from, options, asked)) {
        told = refused_reply(*why);
        return;
      }
      waits = begin_blocking(*in_, *to, asked, options, {}, told, &into);
    }
    if (waits != nullptr) told = waits->wait(into);
  }

  holdfast::result<ticket> submit(argument_source from, const call_options& options) const override {
    const pool::impl::admission to(*in_);
    checked_request asked;
    if (auto why = check(*to, from, options, asked)) return *std::move(why);
    return detail::submit(*in_, *to, asked, options);
  }

  void start(argument_source from, const call_options& options, handler_source& tells,
             std::stop_token stop) const override {
    const pool::impl::admission to(*in_);
    checked_request asked;
    const auto why = check(*to, from, options, asked);
    begin_async(*in_, *to, why, asked, options, tells, std::move(stop));
  }

  boost::asio::any_io_executor executor() const noexcept override { return in_->owner->callback_executor(); }

 private:
  /// As `pool::impl::check`, with arguments that know their types.
  std::optional<error> check(const edition& in, argument_source from, const call_options& how,
                             checked_request& into) const {
    if (in.refuses) return in_->refused(*in.refuses);
    const auto of = target_.in(in.what);
    if (!of) return in_->refused(of.error());
    if (auto why = in_->unfit(**of)) return in_->refused(*std::move(why));
    packer_ptr packed =
        take_packer(how.key.empty() && !in.in_line ? wit::placement::by_reference : wit::placement::in_line);
    error failure;
    if (!from.pack(from.from, *packed, **of, failure)) return in_->refused(std::move(failure));
    if (packed->handles().several())
      return in_->refused(
          error(errc::bad_arguments, "the handles among the arguments were issued by different instances"));
    if (const wit::handle::home& home = packed->handles().one(); home.generation != 0)
      into.only_in = core::home{home.cell, home.generation};
    into.of = *of;
    into.arguments = call_arguments(std::move(packed));
    return std::nullopt;
  }

  const std::shared_ptr<pool::impl> in_;
  const export_target target_;
};

}  // namespace

holdfast::result<std::shared_ptr<const export_link>> export_link::find(const pool& in, std::string_view name,
                                                                       signature_check check) {
  auto target = export_target::find(in.component(), name, check);
  if (!target) return std::move(target).error();
  return std::make_shared<const pool_export>(in.internals(), *std::move(target));
}

reply call_for_result(const pool& in, std::string_view name, wit::arguments&& arguments,
                      const call_options& options, wit::fit result, value_sink into) {
  pool::impl& impl = *in.internals();
  if (auto refused = refused_inside_callback()) return *std::move(refused);
  reply told;
  boost::intrusive_ptr<thread_waiter> waits;
  {
    const pool::impl::admission to(impl);
    if (to->refuses) return refused_reply(impl.refused(*to->refuses));
    const auto of = to->what.world().find_export(name);
    if (!of) return refused_reply(impl.refused(of.error()));
    if (const auto fits = wit::check_result(**of, result, wit::side::caller); !fits)
      return refused_reply(impl.refused(fits.error()));
    checked_request asked;
    if (const auto why = impl.check(*to, name, std::move(arguments), options, asked))
      return refused_reply(*why);
    waits = begin_blocking(impl, *to, asked, options, {}, told, &into);
  }
  return waits != nullptr ? waits->wait(into) : told;
}

reply wait_for(const ticket& claim, duration limit, value_sink into) {
  const ticket::impl& held = *claim.internals();
  const blocking_wait may(*held.owner, *held.asked);
  if (may.refused()) return *may.refused();
  const boost::intrusive_ptr<thread_waiter> waits(new thread_waiter(held.owner, held.asked, held.reads));
  return begin_wait(*waits, limit) ? waits->wait(into) : waits->read(into);
}

}  // namespace holdfast::detail
