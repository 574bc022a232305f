// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <holdfast/host_call.hpp>
#include <holdfast/typed.hpp>
#include <memory>
#include <tuple>
#include <type_traits>

/// A host function as it is kept, its C++ types forgotten, and what is known of them before.
namespace holdfast {

/// Gets a call as it is. What it throws fails the call.
using host_function = std::function<void(host_call)>;

namespace detail {

/// How a host function runs.
enum class host_style : std::uint8_t {
  dynamic,    ///< gets the call with dynamic arguments
  plain,      ///< reads its arguments itself
  in_slice,   ///< the same, inside the guest's slice
  coroutine,  ///< on an executor
};

struct host_definition {
  host_style style = host_style::dynamic;
  host_function function{};
  /// The second keeps what the coroutine's cancellation needs, for as long as its frame is there.
  std::function<boost::asio::awaitable<void>(host_call, std::shared_ptr<void>)> coroutine{};
  /// Compares with the import; null: the types show only when it is called.
  holdfast::result<void> (*check)(const wit::function& import, wit::side from) = nullptr;
  boost::asio::any_io_executor on{};
};

// A callable's parameters and result; neither where its operator() is missing, overloaded or a template.
template <class F>
struct callable {};
template <class F>
  requires requires { &F::operator(); }
struct callable<F> : callable<decltype(&F::operator())> {};
template <class R, class... P>
struct callable<R (*)(P...)> {
  using result = R;
  using parameters = std::tuple<P...>*;
};
template <class R, class... P>
struct callable<R (*)(P...) noexcept> : callable<R (*)(P...)> {};
template <class F, class R, class... P>
struct callable<R (F::*)(P...)> : callable<R (*)(P...)> {};
template <class F, class R, class... P>
struct callable<R (F::*)(P...) const> : callable<R (*)(P...)> {};
template <class F, class R, class... P>
struct callable<R (F::*)(P...) noexcept> : callable<R (*)(P...)> {};
template <class F, class R, class... P>
struct callable<R (F::*)(P...) const noexcept> : callable<R (*)(P...)> {};

template <class Parameters>
inline constexpr bool takes_host_call = false;
template <class P, class... More>
inline constexpr bool takes_host_call<std::tuple<P, More...>*> =
    std::is_same_v<std::remove_cvref_t<P>, host_call>;

/// A callable whose parameters are known, and are no `host_call`.
template <class F>
concept typed_host_function =
    requires { typename callable<F>::parameters; } && !takes_host_call<typename callable<F>::parameters>;

template <class R>
struct host_result {
  using type = R;
  static constexpr bool awaited = false;
};
template <class R>
struct host_result<boost::asio::awaitable<R>> {
  using type = R;
  static constexpr bool awaited = true;
};

}  // namespace detail
}  // namespace holdfast
