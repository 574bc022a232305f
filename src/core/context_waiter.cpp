// SPDX-License-Identifier: Apache-2.0
#include "core/context_waiter.hpp"

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

bool context_waits::join(context_waiter& who) noexcept {
  const std::scoped_lock lock(mutex_);
  if (ended_) return false;
  who.keep();
  waiting_.push_back(who);
  return true;
}

void context_waits::hand_over(context_waiter& who) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (ended_ || who.tells_ == nullptr) return;
    waiting_.erase(waiting_.iterator_to(who));
    who.tells_.release()->hand_over();
  }
  who.let_go();  // the list's reference; the caller holds another
}

void context_waits::part(context_waiter& who) noexcept {
  detail::handler_ptr dropped;
  {
    const std::scoped_lock lock(mutex_);
    if (who.tells_ == nullptr) return;
    waiting_.erase(waiting_.iterator_to(who));
    dropped = std::move(who.tells_);
  }
  who.let_go();
}

void context_waits::end() noexcept {
  for (;;) {
    detail::wait_ptr who;
    context_waiter* which = nullptr;
    detail::handler_ptr dropped;  // without the lock: a handler's destructor may do anything
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
      if (waiting_.empty()) return;
      which = &waiting_.front();
      who.reset(which);  // the list's reference
      waiting_.pop_front();
      dropped = std::move(which->tells_);
    }
    which->abandoned();
  }
}

bool context_waiter::adopt(detail::handler_ptr tells) {
  waits_ = context_waits::of(tells->context());
  keep();
  tells->connect(detail::wait_ptr(this));
  tells_ = std::move(tells);
  if (waits_->join(*this)) return true;
  tells_.reset();
  return false;
}

void context_waiter::drop_handler() noexcept { waits_->part(*this); }

void context_waiter::hand_over() noexcept { waits_->hand_over(*this); }

}  // namespace holdfast::core
