// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/pool.hpp>
#include <holdfast/typed.hpp>
#include <holdfast/typed_async.hpp>
#include <holdfast/typed_reply.hpp>
#include <holdfast/typed_ticket.hpp>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

/// An export of a pool as a C++ function.
///
///     const auto place =
///         shop.function<wit::expected<receipt, order_error>(std::uint64_t, std::string,
///         std::uint32_t)>("place").value();
///     const auto told = place(7, "book", 2);
///
/// Name and types are checked once, when it is looked up; `holdfast/codec.hpp` says which C++ type stands for
/// which of WIT. If the pool's component is exchanged it checks itself once against the new one, and answers
/// `bad_arguments` or `no_such_export` where it does not fit.
namespace holdfast {

namespace detail {

/// Packs the arguments once it is known for which function. False: a value does not fit, `failure` says
/// which.
struct argument_source {
  bool (*pack)(void* from, wit::packer& out, const wit::function& of, error& failure);
  void* from;
};

/// Compares what the C++ side has with a function.
using signature_check = holdfast::result<void> (*)(const wit::function& of, wit::side from);

/// An export that was looked up and checked.
class export_link {
 public:
  static holdfast::result<std::shared_ptr<const export_link>> find(const pool& in, std::string_view name,
                                                                   signature_check check);
  virtual ~export_link() = default;
  /// Fills `told`, which is empty yet.
  virtual void call(argument_source from, const call_options& options, reply& told,
                    value_sink into) const = 0;
  virtual holdfast::result<ticket> submit(argument_source from, const call_options& options) const = 0;
  /// As `call_operation::start`: whatever comes of it is posted. Its caller keeps the link until it returns.
  virtual void start(argument_source from, const call_options& options, handler_source& tells,
                     std::stop_token stop) const = 0;
  /// Where a handler runs that names no executor.
  virtual boost::asio::any_io_executor executor() const noexcept = 0;
};

/// A call with dynamic arguments whose result is checked as it is looked up.
reply call_for_result(const pool& in, std::string_view name, wit::arguments&& arguments,
                      const call_options& options, wit::fit result, value_sink into);

}  // namespace detail

/// Cheap to copy. Made by `pool::function`; keeps what the pool keeps.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe
template <class R, class... Args>
class function<R(Args...)> {
  static_assert((wit::packable<std::remove_cvref_t<Args>> && ...),
                "a parameter has no codec: see the table in holdfast/codec.hpp, or give it a representation");
  static_assert(
      std::is_void_v<R> || wit::unpackable<R>,
      "the result has no codec, or does not own what it holds: see the table in holdfast/codec.hpp");

 public:
  using result_type = R;

  /// `pool::call` with the defaults: waits for the outcome on this thread.
  ///
  /// A parameter taken by value is moved in: a large string or list of numbers is then not copied.
  /// @par Errors  in `code`; `code == effect::not_executed` where it is safe to call again
  typed_reply<R> operator()(Args... values) const { return call({}, std::forward<Args>(values)...); }

  /// `pool::call`: bound to this caller, who waits at most `options.wait`.
  typed_reply<R> call(const call_options& options, Args... values) const {
    return with_source(
        [&](detail::argument_source from) {
          typed_reply<R> told;
          link_->call(from, options, told, detail::sink_into(told));
          return told;
        },
        std::forward<Args>(values)...);
  }

  /// `pool::submit`: hands the call over and answers at once. It runs whether anybody waits or not.
  ///
  /// @par Errors  `effect::not_executed`, every one
  [[nodiscard]] holdfast::result<typed_ticket<R>> submit(Args... values) const {
    return submit({}, std::forward<Args>(values)...);
  }
  [[nodiscard]] holdfast::result<typed_ticket<R>> submit(const call_options& options, Args... values) const {
    auto claim = with_source([&](detail::argument_source from) { return link_->submit(from, options); },
                             std::forward<Args>(values)...);
    if (!claim) return std::move(claim).error();
    return typed_ticket<R>(*std::move(claim));
  }

  /// `pool::async_call`: completes through a token of Boost.Asio, which comes last. The arguments are the
  /// call's own from here on, views are copied. Cancellation, executor and effect on the guest are as there.
  ///
  /// @par Completion signature  `void(std::error_code, typed_reply<R>)`; the code is the reply's
  template <typed_reply_token<R> Token>
  auto async_call(const call_options& options, Args... values, Token&& token) const {
    using operation = detail::typed_call_operation<detail::export_link, R, detail::owned_argument<Args>...>;
    return boost::asio::async_initiate<Token, typed_reply_signature<R>>(
        detail::initiation<operation>(
            operation(link_, options, detail::own<Args>(std::forward<Args>(values))...)),
        token);
  }
  /// The same with the defaults.
  template <typed_reply_token<R> Token>
  auto async_call(Args... values, Token&& token) const {
    return async_call<Token>(call_options{}, std::forward<Args>(values)..., std::forward<Token>(token));
  }

  /// `pool::function` makes it; not for use outside Holdfast.
  explicit function(std::shared_ptr<const detail::export_link> link) noexcept : link_(std::move(link)) {}
  /// The same: not for use outside Holdfast.
  const std::shared_ptr<const detail::export_link>& internals() const noexcept { return link_; }

 private:
  template <class Use>
  static auto with_source(Use use, Args... values) {
    std::tuple<Args&&...> all(std::forward<Args>(values)...);
    return use({[](void* from, wit::packer& out, const wit::function& of, error& failure) {
                  return std::apply(
                      [&](Args&&... each) {
                        return wit::pack_arguments(out, of, failure, std::forward<Args>(each)...);
                      },
                      std::move(*static_cast<std::tuple<Args&&...>*>(from)));
                },
                &all});
  }

  std::shared_ptr<const detail::export_link> link_;
};

namespace detail {

template <class Signature>
struct checked;
template <class R, class... Args>
struct checked<R(Args...)> : wit::signature<R, Args...> {};

}  // namespace detail

template <class Signature>
holdfast::result<holdfast::function<Signature>> pool::function(std::string_view name) const {
  auto link = detail::export_link::find(*this, name, &detail::checked<Signature>::check);
  if (!link) return std::move(link).error();
  return holdfast::function<Signature>(*std::move(link));
}

template <class R>
typed_reply<R> pool::call(std::string_view name, wit::arguments arguments,
                          const call_options& options) const {
  static_assert(
      std::is_void_v<R> || wit::unpackable<R>,
      "the result has no codec, or does not own what it holds: see the table in holdfast/codec.hpp");
  return detail::told_by<R>([&](detail::value_sink into) {
    return detail::call_for_result(*this, name, std::move(arguments), options,
                                   wit::signature<R>::result_fit(), into);
  });
}

}  // namespace holdfast
