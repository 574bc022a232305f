// SPDX-License-Identifier: Apache-2.0
#include "core/async_waiter.hpp"

#include <utility>

namespace holdfast::core {
namespace {

class context_service final : public boost::asio::execution_context::service {
 public:
  static inline boost::asio::execution_context::id id;

  explicit context_service(boost::asio::execution_context& owner)
      : service(owner), waits_(std::make_shared<context_waits>()) {}

  const std::shared_ptr<context_waits>& waits() const noexcept { return waits_; }

 private:
  void shutdown() noexcept override { waits_->end(); }

  const std::shared_ptr<context_waits> waits_;
};

}  // namespace

std::shared_ptr<context_waits> context_waits::of(boost::asio::execution_context* context) {
  if (context != nullptr) return boost::asio::use_service<context_service>(*context).waits();
  static const auto endless = std::make_shared<context_waits>();
  return endless;
}

bool context_waits::join(async_waiter& who) noexcept {
  const std::scoped_lock lock(mutex_);
  if (ended_) return false;
  intrusive_ptr_add_ref(&who);
  waiting_.push_back(who);
  return true;
}

void context_waits::hand_over(async_waiter& who) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (ended_ || who.tells_ == nullptr) return;
    waiting_.erase(waiting_.iterator_to(who));
    who.tells_.release()->hand_over();
  }
  intrusive_ptr_release(&who);  // the list's reference; the caller holds another
}

void context_waits::part(async_waiter& who) noexcept {
  detail::handler_ptr dropped;
  {
    const std::scoped_lock lock(mutex_);
    if (who.tells_ == nullptr) return;
    waiting_.erase(waiting_.iterator_to(who));
    dropped = std::move(who.tells_);
  }
  intrusive_ptr_release(&who);
}

void context_waits::end() noexcept {
  for (;;) {
    boost::intrusive_ptr<async_waiter> who;
    detail::handler_ptr dropped;  // without the lock: a handler's destructor may do anything
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
      if (waiting_.empty()) return;
      who.reset(&waiting_.front(), false);
      waiting_.pop_front();
      dropped = std::move(who->tells_);
    }
    who->abandon();
  }
}

bool async_waiter::adopt(detail::handler_ptr tells) {
  waits_ = context_waits::of(tells->context());
  keep();
  tells->connect(detail::wait_ptr(this));
  tells_ = std::move(tells);
  if (waits_->join(*this)) return true;
  tells_.reset();
  return false;
}

void async_waiter::disown() noexcept {
  forget();
  waits_->part(*this);
}

void async_waiter::tell_now() noexcept { waits_->hand_over(*this); }

void async_waiter::told(bool left) noexcept {
  left_ = left;
  waits_->hand_over(*this);
}

}  // namespace holdfast::core
