// SPDX-License-Identifier: Apache-2.0
#include <holdfast/async_call.hpp>
#include <new>
#include <utility>

#include "host/keyed_call.hpp"
#include "host/pool_newcomer.hpp"
#include "host/waiting.hpp"

namespace holdfast {
namespace detail {
namespace {

// A handler that is told of a request which never became a call.
class refusal final : public wait_end {
 public:
  explicit refusal(reply why) : why_(std::move(why)) {}
  void answer(reply& told, const value_sink* /*into*/) override { told = std::move(why_); }

 private:
  reply why_;
};

// A call that went past the queue and was over before anybody else knew of it.
class unseen_end final : public wait_end {
 public:
  explicit unseen_end(pool_newcomer& of) : of_(of) {}
  void answer(reply& told, const value_sink* into) override {
    try {
      of_.end_of_unseen(told, into);
    } catch (const std::bad_alloc&) {
      // The guest has done its work, and the outcome stands.
      told.value.reset();
      told.code = errc::host_failed;
      told.detail = "out of memory";
    }
  }

 private:
  pool_newcomer& of_;
};

class async_newcomer final : public pool_newcomer {
 public:
  async_newcomer(const pool::impl& in, checked_request& asked, const call_options& how, handler_source& tells,
                 std::stop_token& stop)
      : pool_newcomer(in, asked, how, start::post, stop), tells_(tells) {}

  /// Who waits for the call, with its handler. Null: the handler's context has ended, and the handler with
  /// it.
  const boost::intrusive_ptr<handler_waiter>& waiter() {
    if (!asked_for_) {
      asked_for_ = true;
      const boost::intrusive_ptr<handler_waiter> made(new handler_waiter(in_.owner, call()));
      if (made->adopt(tells_.box())) {
        waits_ = made;
        waits_->leave_on(std::move(stop_));
      }
    }
    return waits_;
  }

  /// Destroys the handler untold, if it has a waiter: the call could not be begun.
  void disown() noexcept {
    if (waits_ != nullptr) waits_->disown();
  }

 private:
  // First: a host function may end the handler's context, or fire its cancellation slot.
  boost::intrusive_ptr<core::call> become() noexcept override {
    waiter();
    return call();
  }
  void join() noexcept override {
    if (waiter() != nullptr) waiter()->begin();
  }

  handler_source& tells_;
  bool asked_for_ = false;
  boost::intrusive_ptr<handler_waiter> waits_;
};

void begin_keyed(const pool::impl& of, edition& to, checked_request& asked, const call_options& options,
                 handler_source& tells, std::stop_token stop) {
  // First: a host function may end the handler's context, or fire its cancellation slot.
  const boost::intrusive_ptr<handler_waiter> waits(
      new handler_waiter(of.owner, nullptr, core::call::reading::again));
  if (!waits->adopt(tells.box())) return;
  try {
    waits->leave_on(std::move(stop));
    reply why;
    switch (begin_by_key(of, to, asked, *waits, options, start::post, why)) {
      case wait_begun::waits:
        return;
      case wait_begun::over:
        return waits->tell_now();
      case wait_begun::refused:
        return waits->refuse(std::move(why));
    }
  } catch (...) {
    waits->disown();
    throw;
  }
}

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

void call_operation::start(handler_source& tells, std::stop_token stop) && {
  pool::impl& of = *of_.internals();  // as long as this is, which its starter keeps
  call_options options = options_;
  options.key = key_;
  const pool::impl::admission to(of);
  checked_request asked;
  const auto why = of.check(*to, function_, std::move(arguments_), options, asked);
  begin_async(of, *to, why, asked, options, tells, std::move(stop));
}

void begin_async(const pool::impl& of, edition& to, const std::optional<error>& why, checked_request& asked,
                 const call_options& options, handler_source& tells, std::stop_token stop) {
  if (why) {
    refusal over(refused_reply(*why));
    tells.post(over);
    return;
  }
  if (is_recorded(to, options)) return begin_keyed(of, to, asked, options, tells, std::move(stop));
  async_newcomer next(of, asked, options, tells, stop);
  const bool passes = next.may_pass();
  if (passes) tells.hold();
  switch (passes ? to.hand_over(next) : core::handed::untaken) {
    case core::handed::done:
      if (next.made() == nullptr) {
        unseen_end over(next);
        tells.post(over);
      } else if (const auto& waits = next.waiter()) {
        waits->forget();
        waits->tell_now();
      }
      return;
    case core::handed::goes_on:
      if (const auto& waits = next.waiter()) waits->accepted(options.wait);
      return;
    case core::handed::untaken:
      break;
  }
  try {
    const boost::intrusive_ptr<handler_waiter>& waits = next.waiter();
    if (waits == nullptr) return;
    if (auto refused = begin_bound(*to.box, next.call(), *waits, options, start::post))
      waits->refuse(std::move(*refused));
  } catch (...) {
    next.disown();
    throw;
  }
}

}  // namespace detail

void pool::call(std::string_view function, wit::arguments arguments, const call_options& options,
                std::function<void(reply)> told, std::stop_token stop) const {
  detail::call_operation what(*this, function, std::move(arguments), options);
  detail::started_handler<detail::plain_callback, detail::call_operation> tells({std::move(told)}, what);
  std::move(what).start(tells, std::move(stop));
}

std::future<reply> pool::future_call(std::string_view function, wit::arguments arguments,
                                     const call_options& options, std::stop_token stop) const {
  const auto over = [](reply what) {
    std::promise<reply> told;
    told.set_value(std::move(what));
    return told.get_future();
  };
  const impl::admission to(*impl_);
  detail::checked_request asked;
  if (const auto why = impl_->check(*to, function, std::move(arguments), options, asked))
    return over(detail::refused_reply(*why));
  if (detail::is_recorded(*to, options)) {
    const boost::intrusive_ptr<detail::future_waiter> waits(
        new detail::future_waiter(impl_->owner, nullptr, core::call::reading::again));
    std::future<reply> promised = waits->future();
    waits->leave_on(std::move(stop));
    reply why;
    const auto how = detail::begin_by_key(*impl_, *to, asked, *waits, options, start::post, why);
    if (how == detail::wait_begun::over) waits->tell_now(waits->read());
    if (how == detail::wait_begun::refused) waits->tell_now(std::move(why));
    return promised;
  }
  const auto made = impl_->make(std::move(asked), options, {.bound = true});
  const boost::intrusive_ptr<detail::future_waiter> waits(new detail::future_waiter(impl_->owner, made));
  std::future<reply> promised = waits->future();
  waits->leave_on(std::move(stop));
  if (auto refused = detail::begin_bound(*to->box, made, *waits, options, start::post))
    waits->tell_now(std::move(*refused));
  return promised;
}

pool::executor_type pool::get_executor() const noexcept { return impl_->owner->callback_executor(); }

}  // namespace holdfast
