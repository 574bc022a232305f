// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <holdfast/packer.hpp>
#include <holdfast/type.hpp>
#include <holdfast/unpacker.hpp>
#include <holdfast/value.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// How a C++ type crosses as a WIT type.
///
/// A `codec<T>` checks once whether T fits a WIT type; packing and unpacking then trust the check. Holdfast
/// has them for these, each for exactly one type of WIT: a number never becomes another one by itself.
///
/// | C++ | WIT |
/// |---|---|
/// | `bool`, integers by width, `float`, `double`, `char32_t` | `bool`, `u8`..`s64`, `f32`, `f64`, `char` |
/// | `std::string`; as an argument also `std::string_view`, `const char*` | `string` |
/// | `std::vector<T>`; as an argument also `std::span<const T>`, copied before the call returns | `list<t>` |
/// | `std::optional<T>`, `std::tuple<T...>` | `option<t>`, `tuple<t...>` |
/// | `wit::expected<T, E>`, either side may be `void` | `result<t, e>` |
/// | `std::variant<T...>`, by the place of the cases | `variant` |
/// | a struct of `BOOST_DESCRIBE_STRUCT`, the same fields in the same order | `record` |
/// | an enum of `BOOST_DESCRIBE_ENUM`, the same names in the same order | `enum` |
/// | `wit::flags<E>` of such an enum | `flags` |
/// | `wit::handle`; `wit::readable` | `own`, `borrow`; `stream`, `future` |
/// | `wit::value` | any, checked at each call |
///
/// Names are the same by `same_name`. A variant's case without payload is `std::monostate` or an empty class.
/// A type of your own crosses as one of these when it has a `representation`.
namespace holdfast::wit {

template <class T>
struct codec;

/// For a type of your own: what it crosses as, and the way there and back.
///
///     template <>
///     struct holdfast::wit::representation<my::uuid> {
///       using type = std::string;
///       static std::string to_wit(const my::uuid& id) { return id.text(); }
///       static my::uuid from_wit(std::string text) { return my::uuid::parse(text); }  // may throw
///     };
///
/// What `to_wit` throws leaves the call that has not begun; what `from_wit` throws ends the reading of the
/// value, as a malformed value does.
template <class T>
struct representation;

/// There is a `representation`; a description of the type by Boost.Describe does not count then.
template <class T>
concept represented = requires { typename representation<T>::type; };

/// Why a C++ type does not fit a WIT type, and where.
class mismatch {
 public:
  /// The types differ. False.
  bool differs(const type& has, std::string gives);
  /// They are of one kind and differ in the sentence's way. False.
  bool differs(const type& has, std::string gives, std::string how);
  /// Puts a step before the path on the way out.
  template <class Step>
  bool within(bool fits, Step step) {
    if (!fits) path_.insert(0, step());
    return fits;
  }

  /// `(order).lines[]: the component has u32, the call gives std::string`
  std::string sentence(std::string_view component_does, std::string_view other_does) const;

 private:
  std::string path_;
  std::string has_;
  std::string gives_;
  std::string how_;
};

/// Whether a name of C++ stands for one of WIT: `item_count`, `ItemCount` and `itemCount` for `item-count`,
/// and `default_` for `default`.
bool same_name(std::string_view in_wit, std::string_view in_cpp);

/// Whether a codec looks at the WIT type at each call: only where a `value` is part of it.
template <class T>
inline constexpr bool needs_type = [] {
  if constexpr (requires { codec<T>::needs_type; }) {
    return codec<T>::needs_type;
  } else {
    return false;
  }
}();

/// The type that a part's codec gets: the part's, or, where it does not look, any.
template <class T, class Find>
const type& type_for(const type& whole, Find find) {
  if constexpr (needs_type<T>) {
    return find();
  } else {
    return whole;
  }
}

/// The WIT kind of a C++ scalar.
template <scalar T>
constexpr kind scalar_kind() {
  if constexpr (std::same_as<T, bool>) return kind::boolean;
  if constexpr (std::same_as<T, char32_t>) return kind::character;
  if constexpr (std::same_as<T, float>) return kind::f32;
  if constexpr (std::same_as<T, double>) return kind::f64;
  constexpr bool is_signed = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return is_signed ? kind::s8 : kind::u8;
  if constexpr (sizeof(T) == 2) return is_signed ? kind::s16 : kind::u16;
  if constexpr (sizeof(T) == 4) return is_signed ? kind::s32 : kind::u32;
  return is_signed ? kind::s64 : kind::u64;
}

/// `std::uint32_t` for u32.
std::string_view scalar_name(kind k) noexcept;

template <scalar T>
struct codec<T> {
  static std::string name() { return std::string(scalar_name(scalar_kind<T>())); }
  static bool fits(const type& t, mismatch& why) {
    return t.kind() == scalar_kind<T>() || why.differs(t, name());
  }
  static bool pack(packer& out, const type&, T number) {
    if constexpr (std::same_as<T, char32_t>) return out.character(number);
    if constexpr (std::same_as<T, bool>) return out.word(static_cast<std::uint8_t>(number ? 1 : 0));
    if constexpr (std::is_arithmetic_v<T>) return out.word(number);
  }
  static T unpack(unpacker& in, const type&) {
    if constexpr (std::same_as<T, char32_t>) return in.character();
    if constexpr (std::same_as<T, bool>) return in.boolean();
    if constexpr (std::is_arithmetic_v<T>) return in.template word<T>();
  }
};
template <>
struct codec<std::string> {
  static std::string name() { return "std::string"; }
  static bool fits(const type& t, mismatch& why) {
    return t.kind() == kind::string || why.differs(t, name());
  }
  static bool pack(packer& out, const type&, const std::string& text) {
    return out.text(std::string_view(text));
  }
  static bool pack(packer& out, const type&, std::string&& text) { return out.text(std::move(text)); }
  static std::string unpack(unpacker& in, const type&) { return in.text(); }
};
template <>
struct codec<std::string_view> {
  static std::string name() { return "std::string_view"; }
  static bool fits(const type& t, mismatch& why) {
    return t.kind() == kind::string || why.differs(t, name());
  }
  static bool pack(packer& out, const type&, std::string_view text) { return out.text(text); }
};
template <>
struct codec<const char*> : codec<std::string_view> {
  static std::string name() { return "const char*"; }
};

/// The scalars that a `value` has a vector of, in one run; `bool`, packed in its vector, goes one by one.
template <class T>
concept run_scalar = scalar<T> && !std::same_as<T, bool> && []<class... Held>(const std::variant<Held...>*) {
  return (std::same_as<std::vector<T>, Held> || ...);
}(static_cast<const value::storage*>(nullptr));

/// What the codecs of lists share; not for use outside Holdfast.
template <class T>
struct list_codec {
  static constexpr bool needs_type = wit::needs_type<T>;
  static bool fits_as(const type& t, mismatch& why, std::string name) {
    if (t.kind() != kind::list) return why.differs(t, std::move(name));
    return why.within(codec<T>::fits(t.element(), why), [] { return "[]"; });
  }
  static const type& element_of(const type& t) {
    return type_for<T>(t, [&]() -> const type& { return t.element(); });
  }
  /// Packs what can be walked, one by one or, where it lies so, at once.
  template <class Range>
  static bool pack_all(packer& out, const type& t, Range&& all) {
    using item = std::conditional_t<std::is_lvalue_reference_v<Range>, const T&, T&&>;
    if constexpr (run_scalar<T> && !std::same_as<T, char32_t>) {
      return out.run(all.data(), all.size(), sizeof(T));
    } else {
      if (!out.length(all.size())) return false;
      std::size_t i = 0;
      for (auto&& each : all) {
        if (!out.within(codec<T>::pack(out, element_of(t), static_cast<item>(each)),
                        [i] { return "[" + std::to_string(i) + "]"; }))
          return false;
        ++i;
      }
      return true;
    }
  }
};

template <class T>
struct codec<std::vector<T>> : list_codec<T> {
  static std::string name() { return "std::vector<" + codec<T>::name() + ">"; }
  static bool fits(const type& t, mismatch& why) { return list_codec<T>::fits_as(t, why, name()); }
  static bool pack(packer& out, const type& t, const std::vector<T>& all) {
    if constexpr (std::same_as<T, bool>) {
      if (!out.length(all.size())) return false;
      for (const bool each : all) out.word(static_cast<std::uint8_t>(each ? 1 : 0));
      return true;
    } else {
      return list_codec<T>::pack_all(out, t, all);
    }
  }
  static bool pack(packer& out, const type& t, std::vector<T>&& all) {
    if constexpr (run_scalar<T> && !std::same_as<T, char32_t>) {
      return out.run(std::move(all));
    } else if constexpr (scalar<T>) {
      return pack(out, t, std::as_const(all));
    } else {
      return list_codec<T>::pack_all(out, t, std::move(all));
    }
  }
  static std::vector<T> unpack(unpacker& in, const type& t) {
    if constexpr (run_scalar<T> || std::same_as<T, bool>) {
      return in.template run<T>();
    } else {
      const std::size_t count = in.count(sizeof(T));
      std::vector<T> all;
      all.reserve(count);
      for (std::size_t i = 0; i < count; ++i)
        all.push_back(codec<T>::unpack(in, list_codec<T>::element_of(t)));
      return all;
    }
  }
};
template <class T, std::size_t Extent>
struct codec<std::span<const T, Extent>> : list_codec<T> {
  static std::string name() { return "std::span<const " + codec<T>::name() + ">"; }
  static bool fits(const type& t, mismatch& why) { return list_codec<T>::fits_as(t, why, name()); }
  static bool pack(packer& out, const type& t, std::span<const T, Extent> all) {
    return list_codec<T>::pack_all(out, t, all);
  }
};

}  // namespace holdfast::wit
