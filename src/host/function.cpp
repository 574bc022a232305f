// SPDX-License-Identifier: Apache-2.0
#include <holdfast/function.hpp>
#include <utility>

#include "host/export_target.hpp"
#include "host/pool_impl.hpp"
#include "host/ticket_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast::detail {
namespace {

// The blocking form: calls and waits on this thread.
reply call_here(pool::impl& in, const boost::intrusive_ptr<pool_call>& asked, const call_options& options,
                const value_sink& into) {
  const boost::intrusive_ptr<thread_waiter> waits(new thread_waiter(in.world, asked));
  auto refused = begin_bound(in, asked, *waits, options, start::dispatch);
  return refused ? *std::move(refused) : waits->wait(into);
}

class pool_export final : public export_link {
 public:
  pool_export(std::shared_ptr<pool::impl> in, export_target target)
      : in_(std::move(in)), target_(std::move(target)) {}

  reply call(argument_source from, const call_options& options, value_sink into) const override {
    const auto asked = prepare(from, options, true);
    if (!asked) return refused_reply(asked.error());
    return call_here(*in_, *asked, options, into);
  }

  holdfast::result<ticket> submit(argument_source from, const call_options& options) const override {
    auto asked = prepare(from, options, false);
    if (!asked) return std::move(asked).error();
    // Made first: an accepted call never lacks its ticket.
    ticket claim(std::make_shared<const ticket::impl>(*asked, in_));
    if (auto refused = in_->box->admit(*asked, options.how.value_or(start::post))) return *std::move(refused);
    return claim;
  }

 private:
  holdfast::result<boost::intrusive_ptr<pool_call>> prepare(argument_source from, const call_options& options,
                                                            bool bound) const {
    const auto of = target_.in(in_->blueprint->linked());
    if (!of) return of.error();
    wit::packer packed;
    error failure;
    if (!from.pack(from.from, packed, **of, failure)) return failure;
    return in_->make_call(**of, wit::packed_args(std::move(packed)), options, bound);
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
  const auto asked = impl.prepare(name, std::move(arguments), options, true);
  if (!asked) return refused_reply(asked.error());
  if (const auto fits = wit::check_result((*asked)->target(), result, wit::side::caller); !fits)
    return refused_reply(fits.error());
  return call_here(impl, *asked, options, into);
}

reply wait_for(const ticket& claim, duration limit, value_sink into) {
  const ticket::impl& held = *claim.internals();
  const boost::intrusive_ptr<thread_waiter> waits(new thread_waiter(held.of->world, held.asked));
  return begin_wait(*waits, limit) ? waits->wait(into) : held.asked->outcome_reply(into);
}

}  // namespace holdfast::detail
