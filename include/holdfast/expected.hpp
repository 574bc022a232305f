// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

/// WIT's `result` in C++: a value or an error, either of which may be nothing.
///
///     wit::expected<receipt, order_error> place(...) {
///       if (!known(item)) return wit::err(order_error{unknown_item{item}});
///       return wit::ok(receipt{...});
///     }
///
/// Not to be mixed up with `holdfast::result`: that one tells what became of a call, this one is what the
/// guest answered.
namespace holdfast::wit {

/// The good side on its way into an `expected`.
template <class T>
class ok_side {
 public:
  /// It owns what it holds; an `expected` moves that out of `held`.
  explicit ok_side(T held) : held_(std::move(held)) {}
  T& held() noexcept { return held_; }

 private:
  T held_;
};
template <>
class ok_side<void> {};

/// The bad side on its way into an `expected`.
template <class E>
class err_side {
 public:
  /// It owns what it holds; an `expected` moves that out of `held`.
  explicit err_side(E held) : held_(std::move(held)) {}
  E& held() noexcept { return held_; }

 private:
  E held_;
};
template <>
class err_side<void> {};

/// `ok` and `err` make one side of an `expected` whose other side they need not know; without a value where
/// that is `void`.
template <class T>
ok_side<std::decay_t<T>> ok(T&& held) {
  return ok_side<std::decay_t<T>>(std::forward<T>(held));
}
inline ok_side<void> ok() { return {}; }
template <class E>
err_side<std::decay_t<E>> err(E&& held) {
  return err_side<std::decay_t<E>>(std::forward<E>(held));
}
inline err_side<void> err() { return {}; }

/// `expected<T, E>`, `expected<void, E>`, `expected<T, void>`, `expected<void, void>` for WIT's
/// `result<t, e>`, `result<_, e>`, `result<t>` and `result`.
///
/// Default is the good side. Access to the other side than the one held is undefined; ask first.
template <class T, class E>
class expected {
 public:
  using value_type = T;
  using error_type = E;
  /// `ok_type` and `err_type`: what is held, `std::monostate` for `void`.
  using ok_type = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  using err_type = std::conditional_t<std::is_void_v<E>, std::monostate, E>;

  expected()
    requires std::is_default_constructible_v<ok_type>
      : side_(std::in_place_index<0>) {}

  /// Implicit: `return ok(...)` and `return err(...)` are how results are written.
  template <class U>
    requires(std::is_void_v<T> == std::is_void_v<U> &&
             (std::is_void_v<U> || std::is_convertible_v<U, ok_type>))
  expected(ok_side<U> good) : side_(std::in_place_index<0>, held_by(good)) {}
  template <class U>
    requires(std::is_void_v<E> == std::is_void_v<U> &&
             (std::is_void_v<U> || std::is_convertible_v<U, err_type>))
  expected(err_side<U> bad) : side_(std::in_place_index<1>, held_by(bad)) {}

  /// Whether the good side is held; `operator bool` says the same.
  bool has_value() const noexcept { return side_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The good side, and by `error` the bad one. Asked for the one that is not held, a debug build ends
  /// the process.
  ok_type& value() & noexcept { return *checked(std::get_if<0>(&side_)); }
  const ok_type& value() const& noexcept { return *checked(std::get_if<0>(&side_)); }
  ok_type&& value() && noexcept { return std::move(*checked(std::get_if<0>(&side_))); }
  err_type& error() & noexcept { return *checked(std::get_if<1>(&side_)); }
  const err_type& error() const& noexcept { return *checked(std::get_if<1>(&side_)); }
  err_type&& error() && noexcept { return std::move(*checked(std::get_if<1>(&side_))); }

  /// `*` and `->`: the good side, as `value`.
  ok_type& operator*() noexcept { return value(); }
  const ok_type& operator*() const noexcept { return value(); }
  ok_type* operator->() noexcept { return &value(); }
  const ok_type* operator->() const noexcept { return &value(); }

  friend bool operator==(const expected& left, const expected& right)
    requires(std::equality_comparable<ok_type> && std::equality_comparable<err_type>)
  {
    return left.side_ == right.side_;
  }

 private:
  template <class Side>
  static auto held_by(Side& side) {
    if constexpr (requires { side.held(); }) {
      return std::move(side.held());
    } else {
      return std::monostate();
    }
  }
  template <class P>
  static P* checked(P* held) noexcept {
    assert(held != nullptr && "the other side is held");
    return held;
  }

  std::variant<ok_type, err_type> side_;
};

}  // namespace holdfast::wit
