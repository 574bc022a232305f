// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <holdfast/value_parts.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// Values of WIT types.
///
/// A `value` owns what it holds and is cheap to move. It knows its shape but not its type: whether it fits a
/// parameter is checked when a call is made, and the error then names the path (`argument 1
/// (order).lines[3].price`). Integers convert where the number fits. Lists of scalars stay one contiguous
/// vector: `list<u8>` never becomes a value a byte.
namespace holdfast::wit {

/// The scalar that a C++ arithmetic type stands for; not `char`, which could mean a letter or a number.
template <class T>
concept scalar =
    std::same_as<T, bool> || std::same_as<T, char32_t> || std::same_as<T, float> || std::same_as<T, double> ||
    (std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
     !std::same_as<T, char8_t> && !std::same_as<T, char16_t>);

/// A value of any WIT type.
///
/// Regular: default is `false`; equality is structural, numbers of different width differ, a NaN equals a
/// NaN.
/// @par Thread safety  distinct objects: safe; shared objects: const access only
class value {
 public:
  /// All that a value can be, in the order that `index` counts. Integers are those of fixed width.
  using storage =
      std::variant<bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                   std::int64_t, std::uint64_t, float, double, char32_t, std::string, std::vector<bool>,
                   std::vector<std::int8_t>, bytes, std::vector<std::int16_t>, std::vector<std::uint16_t>,
                   std::vector<std::int32_t>, std::vector<std::uint32_t>, std::vector<std::int64_t>,
                   std::vector<std::uint64_t>, std::vector<float>, std::vector<double>, std::vector<char32_t>,
                   list, record_value, tuple_value, variant_value, enum_value, option_value, result_value,
                   flags_value, handle, readable>;

  value() noexcept = default;

  /// Implicit: `args("book", 2u)` is how calls are written. A `const char*` must not be null.
  template <scalar T>
  value(T scalar) noexcept : storage_(std::in_place_type<fixed<T>>, static_cast<fixed<T>>(scalar)) {}
  value(std::string text) noexcept : storage_(std::move(text)) {}
  value(std::string_view text) : storage_(std::string(text)) {}
  value(const char* text) : storage_(std::string(text)) {}
  value(std::nullptr_t) = delete;
  /// A list of scalars, moved in whole.
  template <scalar T>
  value(std::vector<T> scalars) : storage_(adopt(std::move(scalars))) {}
  value(list elements) noexcept : storage_(std::move(elements)) {}
  /// A list of anything else that converts.
  template <class T>
    requires(!scalar<T> && !std::same_as<T, value> && std::convertible_to<T, value>)
  value(std::vector<T> elements) : storage_(gather(std::move(elements))) {}
  /// An option.
  template <std::convertible_to<value> T>
  value(std::optional<T> some) : storage_(option_value(some ? box(value(std::move(*some))) : box())) {}
  value(std::nullopt_t) noexcept : storage_(option_value()) {}
  /// A tuple.
  template <std::convertible_to<value>... T>
  value(std::tuple<T...> elements);
  /// Any of the alternatives that have no C++ spelling.
  template <class T>
    requires std::same_as<T, record_value> || std::same_as<T, tuple_value> ||
             std::same_as<T, variant_value> || std::same_as<T, enum_value> || std::same_as<T, option_value> ||
             std::same_as<T, result_value> || std::same_as<T, flags_value> || std::same_as<T, handle> ||
             std::same_as<T, readable>
  value(T part) noexcept : storage_(std::move(part)) {}

  /// By WIT's names: `record`, `tuple`, `variant`, `enumeration`, `some`, `none`, `ok`, `err`, `flags`.
  /// Fields may stand in any order; one that is an option may be left out. None takes an initializer list:
  /// g++ 12 does not compile one inside a `co_await`.
  static value record(std::vector<field_value> fields);
  template <std::same_as<field_value>... F>
  static value record(F... fields);
  template <std::convertible_to<value>... T>
  static value tuple(T&&... elements);
  static value variant(std::string name);
  static value variant(std::string name, value payload);
  static value enumeration(std::string name);
  static value some(value payload);
  static value none();
  static value ok();
  static value ok(value payload);
  static value err();
  static value err(value payload);
  static value flags(std::vector<std::string> names);
  template <std::convertible_to<std::string>... N>
  static value flags(N&&... names);

  /// Whether exactly that alternative of `storage` is held: an `std::int32_t` is no `std::int64_t`.
  template <class T>
  bool is() const noexcept {
    return std::holds_alternative<T>(storage_);
  }
  /// The held alternative, or null.
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&storage_);
  }
  template <class T>
  T* get_if() noexcept {
    return std::get_if<T>(&storage_);
  }
  /// The held alternative. @throws std::bad_variant_access for another
  template <class T>
  const T& get() const {
    return std::get<T>(storage_);
  }
  template <class T>
  T& get() {
    return std::get<T>(storage_);
  }
  /// Which alternative is held, in the order of `storage`.
  std::size_t index() const noexcept { return storage_.index(); }
  /// Calls `visitor` with the held alternative.
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), storage_);
  }

  friend bool operator==(const value& left, const value& right) noexcept;

 private:
  // `long`, `long long` and the like become the fixed-width type of their size.
  template <class T>
  struct fixed_width {
    using type = T;
  };
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char32_t>)
  struct fixed_width<T> {
    template <class S8, class S16, class S32, class S64>
    using by_size = std::conditional_t<
        sizeof(T) == 1, S8,
        std::conditional_t<sizeof(T) == 2, S16, std::conditional_t<sizeof(T) == 4, S32, S64>>>;
    using type = std::conditional_t<std::is_signed_v<T>,
                                    by_size<std::int8_t, std::int16_t, std::int32_t, std::int64_t>,
                                    by_size<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>>;
  };
  template <class T>
  using fixed = typename fixed_width<T>::type;

  template <scalar T>
  static storage adopt(std::vector<T>&& scalars) {
    if constexpr (std::same_as<T, fixed<T>>) {
      return storage(std::move(scalars));
    } else {
      return storage(std::vector<fixed<T>>(scalars.begin(), scalars.end()));
    }
  }
  template <class T>
  static list gather(std::vector<T>&& elements) {
    list gathered;
    gathered.reserve(elements.size());
    for (T& element : elements) gathered.emplace_back(std::move(element));
    return gathered;
  }

  storage storage_;
};

/// A field of a record value.
class field_value {
 public:
  /// `name` is as in WIT, `item-count`; `held` belongs to the field.
  field_value(std::string name, value v) noexcept : name_(std::move(name)), value_(std::move(v)) {}
  const std::string& name() const noexcept { return name_; }
  const value& held() const noexcept { return value_; }
  value& held() noexcept { return value_; }
  friend bool operator==(const field_value&, const field_value&) = default;

 private:
  std::string name_;
  value value_;
};

inline value value::record(std::vector<field_value> fields) { return value(record_value(std::move(fields))); }

template <std::same_as<field_value>... F>
value value::record(F... fields) {
  std::vector<field_value> gathered;
  gathered.reserve(sizeof...(F));
  (gathered.push_back(std::move(fields)), ...);
  return value(record_value(std::move(gathered)));
}

template <std::convertible_to<value>... T>
value value::tuple(T&&... elements) {
  list gathered;
  gathered.reserve(sizeof...(T));
  (gathered.push_back(value(std::forward<T>(elements))), ...);
  return value(tuple_value(std::move(gathered)));
}

template <std::convertible_to<value>... T>
value::value(std::tuple<T...> elements)
    : value(std::apply([](T&... each) { return value::tuple(std::move(each)...); }, elements)) {}

template <std::convertible_to<std::string>... N>
value value::flags(N&&... names) {
  std::vector<std::string> gathered;
  gathered.reserve(sizeof...(N));
  (gathered.push_back(std::forward<N>(names)), ...);
  return value(flags_value(std::move(gathered)));
}

/// The arguments of one call, in the order of the parameters.
using arguments = std::vector<value>;

}  // namespace holdfast::wit

namespace holdfast {

/// Gathers the arguments of a call: `args("book", 2u)`.
template <std::convertible_to<wit::value>... T>
wit::arguments args(T&&... values) {
  wit::arguments gathered;
  gathered.reserve(sizeof...(T));
  (gathered.push_back(wit::value(std::forward<T>(values))), ...);
  return gathered;
}

}  // namespace holdfast
