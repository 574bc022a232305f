// SPDX-License-Identifier: Apache-2.0
#include <holdfast/async_call.hpp>
#include <utility>

#include "host/pool_impl.hpp"
#include "host/pool_newcomer.hpp"
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

// A handler that is told of a call which was done before anybody else knew of it. Its value is read where the
// handler runs.
class unseen_end final : public wait_side {
 public:
  unseen_end(reply told, core::buffer value, const std::optional<wit::type>& result)
      : told_(std::move(told)), value_(std::move(value)), result_(result) {}
  void leave() noexcept override {}
  void withdraw() noexcept override {}
  reply answer() override {
    std::optional<wit::value> value;
    reply told = answer(sink_into_value(value));
    told.value = std::move(value);
    return told;
  }
  reply answer(const value_sink& into) override {
    if (told_) read_value(told_, result_, value_.bytes(), into);
    return std::move(told_);
  }

 private:
  reply told_;
  core::buffer value_;
  const std::optional<wit::type> result_;
};

class posted_newcomer final : public pool_newcomer {
 public:
  posted_newcomer(const pool::impl& in, checked_request&& asked, const call_options& how, handler_ptr&& tells,
                  std::stop_token&& stop)
      : pool_newcomer(in, std::move(asked), how, start::post),
        tells_(std::move(tells)),
        stop_(std::move(stop)) {}

  /// Makes the waiter. False: the handler's context has ended, and the handler with it.
  bool adopt() {
    waits_.reset(new handler_waiter(in_.owner, call()));
    adopted_ = waits_->adopt(std::move(tells_));
    return adopted_;
  }
  handler_waiter& waiter() noexcept { return *waits_; }
  std::stop_token& stop() noexcept { return stop_; }
  bool adopted() const noexcept { return adopted_; }

  /// It is over, and no call was made of it.
  void tell() {
    reply told = end_of_unseen();
    tells_->connect(std::make_shared<unseen_end>(std::move(told), std::move(value), result()));
    tells_.release()->hand_over();
  }

 private:
  void join() noexcept override {
    if (adopt()) waits_->leave_on(std::move(stop_));
    waits_->begin();
  }

  handler_ptr tells_;
  std::stop_token stop_;
  boost::intrusive_ptr<handler_waiter> waits_;
  bool adopted_ = false;
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
  const bool stays = !stop.stop_requested();
  posted_newcomer next(of, std::move(asked), options, std::move(tells), std::move(stop));
  switch (stays ? next.try_cells(to) : core::handed::untaken) {
    case core::handed::done:
      if (next.made() == nullptr) return next.tell();
      if (next.adopt()) next.waiter().tell_now();  // a host function knew of it
      return;
    case core::handed::goes_on:
      next.waiter().accepted(options.wait);
      if (!next.adopted()) next.waiter().leave();  // its context ended meanwhile
      return;
    case core::handed::untaken:
      break;
  }
  if (!next.adopt()) return;
  handler_waiter& waits = next.waiter();
  try {
    waits.leave_on(std::move(next.stop()));
    if (auto refused = begin_bound(*to.box, next.call(), waits, options, start::post))
      waits.refuse(std::move(*refused));
  } catch (...) {
    waits.disown();
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
