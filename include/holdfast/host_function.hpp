// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <exception>
#include <holdfast/host_call.hpp>
#include <holdfast/host_context.hpp>
#include <holdfast/host_definition.hpp>
#include <holdfast/typed.hpp>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

/// C++ callables as host functions: how their arguments are read and their results given back.
namespace holdfast {

namespace detail {

/// Whether a callable takes a `host_context` first.
enum class takes_context : std::uint8_t { no, yes };

/// One kind of host function, made of the callable F with the parameters P beside the context.
template <class F, takes_context Context, class... P>
class typed_host {
  using result = host_result<typename callable<F>::result>;
  using R = typename result::type;
  static_assert((wit::unpackable<typename owner_of<std::remove_cvref_t<P>>::type> && ...),
                "a parameter has no codec: see the table in holdfast/codec.hpp, or give it a representation");
  static_assert(std::is_void_v<R> || wit::packable<R>,
                "the result has no codec: see the table in holdfast/codec.hpp");
  static_assert(Context == takes_context::yes ? std::is_invocable_v<const F&, host_context&, P...>
                                              : std::is_invocable_v<const F&, P...>,
                "several calls may run at once: the function's operator() has to be const");

 public:
  static constexpr bool awaited = result::awaited;
  static constexpr bool quiet = Context == takes_context::yes
                                    ? std::is_nothrow_invocable_v<const F&, host_context&, P...>
                                    : std::is_nothrow_invocable_v<const F&, P...>;
  static constexpr auto check = &wit::signature<R, typename owner_of<std::remove_cvref_t<P>>::type...>::check;

  static void run(const F& function, host_call call)
    requires(!awaited)
  {
    auto arguments = read(call);
    if (!arguments) return refuse(std::move(call), arguments.error());
    host_context context(call);
    if constexpr (std::is_void_v<R>) {
      invoke(function, context, *arguments);
      host_call_bytes::reply(std::move(call), {});
    } else {
      R made = invoke(function, context, *arguments);
      answer(std::move(call), std::move(made));
    }
  }

#ifdef __cpp_exceptions
  // `keep` is what the cancellation of this coroutine needs; it goes with the frame.
  static boost::asio::awaitable<void> run_coroutine(std::shared_ptr<const F> function, host_call call,
                                                    [[maybe_unused]] std::shared_ptr<void> keep)
    requires awaited
  {
    if (call.abandoned()) co_return;  // cut before it began: nobody wants it run
    auto arguments = read(call);
    if (!arguments) {
      refuse(std::move(call), arguments.error());
      co_return;
    }
    host_context context(call);
    std::string why;
    try {
      // Named, since g++ 12 destroys some of what is made inside a `co_await` twice.
      auto running = invoke(*function, context, *arguments);
      if constexpr (std::is_void_v<R>) {
        co_await std::move(running);
        host_call_bytes::reply(std::move(call), {});
      } else {
        R made = co_await std::move(running);
        answer(std::move(call), std::move(made));
      }
      co_return;
    } catch (const std::exception& thrown) {
      why = thrown.what();
    } catch (...) {
      why = "something that is no std::exception";
    }
    std::move(call).fail("the host function threw: " + why);
  }
#endif

 private:
  using owned = std::tuple<typename owner_of<std::remove_cvref_t<P>>::type...>;

  static holdfast::result<owned> read(const host_call& call) {
    [[maybe_unused]] const wit::function& import = host_call_bytes::import(call);
    const auto read_all = [&]<std::size_t... I>([[maybe_unused]] wit::unpacker& in,
                                                std::index_sequence<I...>) {
      return owned{wit::codec<std::tuple_element_t<I, owned>>::unpack(
          in, import.params[I].type)...};  // braces: in this order
    };
    return wit::unpack_with(host_call_bytes::arguments(call), host_call_bytes::home(call),
                            [&](wit::unpacker& in) { return read_all(in, std::index_sequence_for<P...>()); });
  }

  static decltype(auto) invoke(const F& function, [[maybe_unused]] host_context& context, owned& arguments) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
      if constexpr (Context == takes_context::yes) {
        return function(context, pass<P>(std::get<I>(arguments))...);
      } else {
        return function(pass<P>(std::get<I>(arguments))...);
      }
    }(std::index_sequence_for<P...>());
  }
  template <class Wanted, class Held>
  static decltype(auto) pass(Held& held) {
    if constexpr (std::is_lvalue_reference_v<Wanted> || !std::is_same_v<std::remove_cvref_t<Wanted>, Held>) {
      return (held);
    } else {
      return std::move(held);
    }
  }

  template <class Made>
  static void answer(host_call call, Made&& made) {
    const wit::function& import = host_call_bytes::import(call);
    wit::packer out(wit::placement::in_line);
    if (wit::codec<R>::pack(out, *import.result, std::forward<Made>(made))) {
      host_call_bytes::reply(std::move(call), out.bytes());
    } else {
      const std::string why = out.failure("result").detail;
      std::move(call).fail("`" + import.qualified_name() + "` answered wrongly: " + why);
    }
  }
  static void refuse(host_call call, const error& why) {
    const std::string name = host_call_bytes::import(call).qualified_name();
    std::move(call).fail("the arguments of `" + name + "` cannot be taken over: " + why.message());
  }
};

template <class F, class Parameters>
struct typed_host_for;
template <class F, class... P>
struct typed_host_for<F, std::tuple<P...>*> {
  using type = typed_host<F, takes_context::no, P...>;
};
template <class F, class First, class... P>
  requires std::is_same_v<std::remove_cvref_t<First>, host_context>
struct typed_host_for<F, std::tuple<First, P...>*> {
  using type = typed_host<F, takes_context::yes, P...>;
};
template <class F>
using typed_host_of = typename typed_host_for<F, typename callable<F>::parameters>::type;

template <class F>
host_definition define_typed(F function, boost::asio::any_io_executor on) {
  using kind = typed_host_of<F>;
  const auto kept = std::make_shared<const F>(std::move(function));
  host_definition made{.check = kind::check, .on = std::move(on)};
  if constexpr (kind::awaited) {
#ifdef __cpp_exceptions
    made.style = host_style::coroutine;
    made.coroutine = [kept](host_call call, std::shared_ptr<void> keep) {
      return kind::run_coroutine(kept, std::move(call), std::move(keep));
    };
#else
    static_assert(!kind::awaited,
                  "a coroutine as a host function needs exceptions: Asio ends one by throwing");
#endif
  } else {
    made.style = host_style::plain;
    made.function = [kept](host_call call) { kind::run(*kept, std::move(call)); };
  }
  return made;
}

template <class F>
host_definition define_inline_typed(F function) {
  using kind = typed_host_of<F>;
  static_assert(!kind::awaited, "an inline function is plain: a coroutine waits");
  static_assert(kind::quiet, "an inline function is noexcept: it runs inside the guest's slice");
  host_definition made = define_typed(std::move(function), {});
  made.style = host_style::in_slice;
  return made;
}

}  // namespace detail
}  // namespace holdfast
