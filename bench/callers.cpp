// SPDX-License-Identifier: Apache-2.0
#include "bench/callers.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

template <class Executor>
asio::awaitable<bool, Executor> call_in_turn(const adder& add, const call_options& options, unsigned count) {
  constexpr asio::use_awaitable_t<Executor> here;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto [code, told] = co_await add.async_call(options, i, std::uint32_t{7}, asio::as_tuple(here));
    if (code || *told != i + 7) co_return false;
  }
  co_return true;
}

}  // namespace

/// One caller of the second style. Deletes itself with its last answer.
template <class Executor>
struct callers<Executor>::chain {
  callers& of;
  std::uint32_t left;

  static void next(std::unique_ptr<chain> self) {
    const adder& add = self->of.add_;
    const call_options& options = self->of.options_;
    const auto& on = self->of.on_;
    const std::uint32_t a = self->left;
    add.async_call(
        options, a, std::uint32_t{7},
        asio::bind_executor(
            on, [self = std::move(self), a](std::error_code code, typed_reply<std::uint32_t> told) mutable {
              callers& of = self->of;
              const bool wrong = code || *told != a + 7;
              if (wrong) of.failed_ = true;
              if (!wrong && --self->left != 0) return next(std::move(self));
              if (--of.running_ == 0) of.running_.notify_all();
            }));
  }
};

template <class Executor>
callers<Executor>::callers(Executor on, adder add, style how, start first)
    : on_(std::move(on)), add_(std::move(add)), style_(how), options_{.how = first} {}

template <class Executor>
void callers<Executor>::begin(unsigned count, unsigned each) {
  running_ = count;
  for (unsigned i = 0; i < count; ++i) {
    if (style_ == style::handler) {
      // On the executor, where its later calls are made too.
      asio::post(on_,
                 [self = std::make_unique<chain>(*this, each)]() mutable { chain::next(std::move(self)); });
    } else {
      asio::co_spawn(on_, call_in_turn<Executor>(add_, options_, each),
                     [this](const std::exception_ptr& thrown, bool went_well) {
                       if (thrown || !went_well) failed_ = true;
                       if (--running_ == 0) running_.notify_all();
                     });
    }
  }
}

template <class Executor>
void callers<Executor>::wait() {
  for (unsigned now = running_.load(); now != 0; now = running_.load()) running_.wait(now);
  if (failed_) throw std::runtime_error("an asynchronous call of add failed");
}

template class callers<asio::io_context::executor_type>;
template class callers<asio::thread_pool::executor_type>;

}  // namespace holdfast::bench
