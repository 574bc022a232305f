// SPDX-License-Identifier: Apache-2.0
#include <holdfast/async_call.hpp>
#include <utility>

#include "host/pool_impl.hpp"
#include "host/waiting.hpp"

namespace holdfast {
namespace detail {
namespace {

// A handler that is told of a request which never became a call.
class refusal final : public wait_side {
 public:
  explicit refusal(reply why) : why_(std::move(why)) {}
  void leave() noexcept override {}
  void withdraw() noexcept override {}
  reply answer() override { return std::move(why_); }

 private:
  reply why_;
};

// What `pool::call` with a callback gives to its executor.
struct plain_callback {
  std::function<void(reply)> told;
  void operator()(std::error_code /*in the reply*/, reply what) const { told(std::move(what)); }
};

}  // namespace

call_operation::call_operation(const pool& of, std::string_view function, wit::arguments arguments,
                               const call_options& options)
    : of_(of), function_(function), key_(options.key), arguments_(std::move(arguments)), options_(options) {
  options_.key = {};
}

boost::asio::any_io_executor call_operation::executor() const noexcept { return of_.get_executor(); }

void call_operation::start(handler_ptr tells, std::stop_token stop) && {
  const std::shared_ptr<pool::impl> of = of_.internals();
  call_options options = options_;
  options.key = key_;
  const pool::impl::admission to(*of);
  checked_request asked;
  const auto why = of->check(*to, function_, std::move(arguments_), asked);
  begin_posted(*of, *to, why, std::move(asked), options, std::move(tells), std::move(stop));
}

void begin_posted(pool::impl& of, edition& to, const std::optional<error>& why, checked_request&& asked,
                  const call_options& options, handler_ptr tells, std::stop_token stop) {
  if (why) {
    tells->connect(std::make_shared<refusal>(refused_reply(*why)));
    tells.release()->hand_over();
    return;
  }
  // Not past the queue: its handler has to be known to its context, and its cancellation slot connected,
  // before anything runs.
  const boost::intrusive_ptr<pool_call> call = of.make(std::move(asked), options, {.bound = true});
  const boost::intrusive_ptr<handler_waiter> waits(new handler_waiter(of.owner, call));
  if (!waits->adopt(std::move(tells))) return;
  try {
    waits->leave_on(std::move(stop));
    if (auto refused = begin_bound(*to.box, call, *waits, options, start::post))
      waits->refuse(std::move(*refused));
  } catch (...) {
    waits->disown();
    throw;
  }
}

}  // namespace detail

void pool::call(std::string_view function, wit::arguments arguments, const call_options& options,
                std::function<void(reply)> told, std::stop_token stop) const {
  using box = detail::handler_box<detail::plain_callback, executor_type>;
  detail::call_operation(*this, function, std::move(arguments), options)
      .start(box::make({std::move(told)}, get_executor(), detail::call_operation::rule), std::move(stop));
}

std::future<reply> pool::future_call(std::string_view function, wit::arguments arguments,
                                     const call_options& options, std::stop_token stop) const {
  const impl::admission to(*impl_);
  const auto asked = impl_->prepare(*to, function, std::move(arguments), options, {.bound = true});
  if (!asked) {
    std::promise<reply> refused;
    refused.set_value(detail::refused_reply(asked.error()));
    return refused.get_future();
  }
  const boost::intrusive_ptr<detail::future_waiter> waits(new detail::future_waiter(impl_->owner, *asked));
  std::future<reply> promised = waits->future();
  waits->leave_on(std::move(stop));
  if (auto refused = detail::begin_bound(*to->box, *asked, *waits, options, start::post))
    waits->tell_now(std::move(*refused));
  return promised;
}

pool::executor_type pool::get_executor() const noexcept { return impl_->owner->callback_executor(); }

}  // namespace holdfast
