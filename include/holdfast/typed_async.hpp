// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <holdfast/async_wait.hpp>
#include <holdfast/call_options.hpp>
#include <holdfast/completion.hpp>
#include <holdfast/initiation.hpp>
#include <holdfast/typed.hpp>
#include <holdfast/typed_reply.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

/// Typed calls and waits that complete through a Boost.Asio token.
namespace holdfast {

/// The completion signature of the typed forms.
template <class R>
using typed_reply_signature = void(std::error_code, typed_reply<R>);

/// What completes with that signature: `use_awaitable`, `use_future`, `deferred`, a callback.
template <class Token, class R>
concept typed_reply_token = boost::asio::completion_token_for<Token, typed_reply_signature<R>>;

namespace detail {

template <class R>
struct answered<typed_reply<R>> {
  static typed_reply<R> by(wait_end& wait) {
    typed_reply<R> told;
    const value_sink into = sink_into(told);
    wait.answer(told, &into);
    return told;
  }
};

/// What owns an argument until a call is made of it. Callers may give text as `const char*` too.
template <class P>
struct argument_owner : owner_of<P> {};
template <>
struct argument_owner<const char*> {
  using type = std::string;
};
template <class P>
using owned_argument = typename argument_owner<std::remove_cvref_t<P>>::type;

template <class P>
owned_argument<P> own(P&& from) {
  if constexpr (std::is_same_v<owned_argument<P>, std::remove_cvref_t<P>> ||
                std::is_same_v<owned_argument<P>, std::string>) {
    return owned_argument<P>(std::forward<P>(from));
  } else {
    return owned_argument<P>(from.begin(), from.end());
  }
}

/// A typed call that was described and not made yet. Borrows nothing.
template <class Link, class R, class... Owned>
class typed_call_operation {
 public:
  using reply_type = typed_reply<R>;
  static constexpr cancel_rule rule = cancel_rule::bound;

  typed_call_operation(std::shared_ptr<const Link> link, const call_options& options, Owned... values)
      : link_(std::move(link)), key_(options.key), values_(std::move(values)...), options_(options) {
    options_.key = {};
  }

  boost::asio::any_io_executor executor() const noexcept { return link_->executor(); }

  void start(handler_source& tells, std::stop_token stop = {}) && {
    call_options options = options_;
    options.key = key_;
    link_->start(
        {[](void* from, wit::packer& out, const wit::function& of, error& failure) {
           return std::apply(
               [&](Owned&... each) { return wit::pack_arguments(out, of, failure, std::move(each)...); },
               *static_cast<std::tuple<Owned...>*>(from));
         },
         &values_},
        options, tells, std::move(stop));
  }

 private:
  std::shared_ptr<const Link> link_;
  std::string key_;
  std::tuple<Owned...> values_;
  call_options options_;  // but for the key, which is above
};

/// `wait_operation` for a typed ticket.
template <class R>
class typed_wait_operation : public wait_operation {
 public:
  using reply_type = typed_reply<R>;
  using wait_operation::wait_operation;
};

}  // namespace detail
}  // namespace holdfast
