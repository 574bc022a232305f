// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/core/type_name.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <holdfast/codec.hpp>
#include <holdfast/expected.hpp>
#include <holdfast/flags.hpp>
#include <optional>
#include <tuple>
#include <variant>

/// The codecs of types that have parts; `holdfast/codec.hpp` has the table.
namespace holdfast::wit {

template <class T>
struct codec<std::optional<T>> {
  static constexpr bool needs_type = wit::needs_type<T>;
  static std::string name() { return "std::optional<" + codec<T>::name() + ">"; }
  static bool fits(const type& t, mismatch& why) {
    if (t.kind() != kind::option) return why.differs(t, name());
    return why.within(codec<T>::fits(t.element(), why), [] { return "?"; });
  }
  template <class V>
  static bool pack(packer& out, const type& t, V&& maybe) {
    out.word(static_cast<std::uint32_t>(maybe ? 1 : 0));
    return !maybe || codec<T>::pack(out, element_of(t), *std::forward<V>(maybe));
  }
  static std::optional<T> unpack(unpacker& in, const type& t) {
    if (in.index(2, "an option is neither none nor some") == 0) return std::nullopt;
    return std::optional<T>(codec<T>::unpack(in, element_of(t)));
  }

 private:
  static const type& element_of(const type& t) {
    return type_for<T>(t, [&]() -> const type& { return t.element(); });
  }
};

template <class... T>
struct codec<std::tuple<T...>> {
  static constexpr bool needs_type = (wit::needs_type<T> || ...);
  static std::string name() {
    std::string names;
    ((names += (names.empty() ? "" : ", ") + codec<T>::name()), ...);
    return "std::tuple<" + names + ">";
  }
  static bool fits(const type& t, mismatch& why) {
    if (t.kind() != kind::tuple || t.elements().size() != sizeof...(T)) return why.differs(t, name());
    std::size_t i = 0;
    const auto fits_next = [&]<class E>() {
      const std::size_t at = i++;
      return why.within(codec<E>::fits(t.elements()[at], why), [at] { return "." + std::to_string(at); });
    };
    return (fits_next.template operator()<T>() && ...);
  }
  template <class V>
  static bool pack(packer& out, const type& t, V&& all) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (out.within(codec<T>::pack(out, element_of<T>(t, I), std::get<I>(std::forward<V>(all))), [] {
        return "." + std::to_string(I);
      }) && ...);
    }(std::index_sequence_for<T...>());
  }
  static std::tuple<T...> unpack(unpacker& in, const type& t) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<T...>{codec<T>::unpack(in, element_of<T>(t, I))...};  // braces: in this order
    }(std::index_sequence_for<T...>());
  }

 private:
  template <class E>
  static const type& element_of(const type& t, std::size_t i) {
    return type_for<E>(t, [&]() -> const type& { return t.elements()[i]; });
  }
};

/// A payload that may be nothing: `void`'s stand-in, or a case without one.
template <class T>
inline constexpr bool is_no_payload =
    std::is_empty_v<T> && std::is_default_constructible_v<T> && !represented<T>;

/// A payload's codec, where there may be none; not for use outside Holdfast.
template <class T>
struct payload_codec {
  static constexpr bool needs_type = wit::needs_type<T>;
  static std::string name() { return codec<T>::name(); }
  static bool fits(const std::optional<type>& t, mismatch& why, const type& whole) {
    return t ? codec<T>::fits(*t, why) : why.differs(whole, name(), "it has no payload there");
  }
  static bool pack(packer& out, const std::optional<type>* t, const type& whole, auto&& held) {
    return codec<T>::pack(out, t != nullptr ? **t : whole, std::forward<decltype(held)>(held));
  }
  static T unpack(unpacker& in, const std::optional<type>* t, const type& whole) {
    return codec<T>::unpack(in, t != nullptr ? **t : whole);
  }
};
template <class T>
  requires is_no_payload<T>
struct payload_codec<T> {
  static constexpr bool needs_type = false;
  static std::string name() { return "nothing"; }
  static bool fits(const std::optional<type>& t, mismatch& why, const type&) {
    return !t || why.differs(*t, name());
  }
  static bool pack(packer&, const std::optional<type>*, const type&, const auto&) { return true; }
  static T unpack(unpacker&, const std::optional<type>*, const type&) { return {}; }
};

template <class T, class E>
struct codec<expected<T, E>> {
  using good = payload_codec<typename expected<T, E>::ok_type>;
  using bad = payload_codec<typename expected<T, E>::err_type>;
  static constexpr bool needs_type = good::needs_type || bad::needs_type;
  static std::string name() {
    const auto side = [](bool nothing, auto name_of) { return nothing ? std::string("void") : name_of(); };
    return "wit::expected<" + side(std::is_void_v<T>, [] { return good::name(); }) + ", " +
           side(std::is_void_v<E>, [] { return bad::name(); }) + ">";
  }
  static bool fits(const type& t, mismatch& why) {
    if (t.kind() != kind::result) return why.differs(t, name());
    return why.within(good::fits(t.ok(), why, t), [] { return ".ok"; }) &&
           why.within(bad::fits(t.err(), why, t), [] { return ".err"; });
  }
  template <class V>
  static bool pack(packer& out, const type& t, V&& either) {
    out.word(static_cast<std::uint32_t>(either.has_value() ? 0 : 1));
    if (either.has_value())
      return out.within(
          good::pack(out, good::needs_type ? &t.ok() : nullptr, t, std::forward<V>(either).value()),
          [] { return ".ok"; });
    return out.within(
        bad::pack(out, bad::needs_type ? &t.err() : nullptr, t, std::forward<V>(either).error()),
        [] { return ".err"; });
  }
  static expected<T, E> unpack(unpacker& in, const type& t) {
    if (in.index(2, "a result is neither ok nor err") == 0) {
      [[maybe_unused]] auto held = good::unpack(in, good::needs_type ? &t.ok() : nullptr, t);
      if constexpr (std::is_void_v<T>) return ok();
      if constexpr (!std::is_void_v<T>) return ok_side<T>(std::move(held));
    }
    [[maybe_unused]] auto held = bad::unpack(in, bad::needs_type ? &t.err() : nullptr, t);
    if constexpr (std::is_void_v<E>) return err();
    if constexpr (!std::is_void_v<E>) return err_side<E>(std::move(held));
  }
};

template <class... T>
struct codec<std::variant<T...>> {
  static constexpr bool needs_type = (payload_codec<T>::needs_type || ...);
  static std::string name() {
    std::string names;
    ((names += (names.empty() ? "" : ", ") + payload_codec<T>::name()), ...);
    return "std::variant<" + names + ">";
  }
  static bool fits(const type& t, mismatch& why) {
    if (t.kind() != kind::variant) return why.differs(t, name());
    if (t.cases().size() != sizeof...(T))
      return why.differs(t, name(), "the number of cases is not the same");
    std::size_t i = 0;
    const auto fits_next = [&]<class P>() {
      const variant_case& one = t.cases()[i++];
      return why.within(payload_codec<P>::fits(one.payload, why, t), [&] { return "." + one.name; });
    };
    return (fits_next.template operator()<T>() && ...);
  }
  template <class V>
  static bool pack(packer& out, const type& t, V&& one) {
    if (one.valueless_by_exception()) return out.fail("the variant holds nothing");
    out.word(static_cast<std::uint32_t>(one.index()));
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      bool done = true;
      (void)((one.index() == I &&
              (done = payload_codec<T>::pack(out, payload_of<T>(t, I), t, std::get<I>(std::forward<V>(one))),
               true)) ||
             ...);
      return done;
    }(std::index_sequence_for<T...>());
  }
  static std::variant<T...> unpack(unpacker& in, const type& t) {
    const std::uint32_t which = in.index(sizeof...(T), "a variant has no such case");
    return unpack_case<0>(in, t, which);
  }

 private:
  template <class P>
  static const std::optional<type>* payload_of(const type& t, std::size_t i) {
    if constexpr (payload_codec<P>::needs_type) return &t.cases()[i].payload;
    return nullptr;
  }
  template <std::size_t I>
  static std::variant<T...> unpack_case(unpacker& in, const type& t, std::uint32_t which) {
    using P = std::variant_alternative_t<I, std::variant<T...>>;
    if constexpr (I + 1 < sizeof...(T)) {
      if (which != I) return unpack_case<I + 1>(in, t, which);
    }
    return std::variant<T...>(std::in_place_index<I>, payload_codec<P>::unpack(in, payload_of<P>(t, I), t));
  }
};

/// A part of a `value` that stands for one of two kinds; not for use outside Holdfast.
template <class Part, kind One, kind Other>
struct part_codec {
  static constexpr bool needs_type = true;
  static bool fits(const type& t, mismatch& why) {
    return t.kind() == One || t.kind() == Other || why.differs(t, codec<Part>::name());
  }
  static bool pack(packer& out, const type& t, const Part& part) { return out.any(t, value(part)); }
  static Part unpack(unpacker& in, const type& t) { return in.any(t).get<Part>(); }
};

template <>
struct codec<handle> : part_codec<handle, kind::own, kind::borrow> {
  static std::string name() { return "wit::handle"; }
};

// The reading end of either.
template <>
struct codec<readable> : part_codec<readable, kind::stream, kind::future> {
  static std::string name() { return "wit::readable"; }
};

template <>
struct codec<value> {
  static constexpr bool needs_type = true;
  static std::string name() { return "wit::value"; }
  static bool fits(const type& t, mismatch& why) {
    return t.kind() != kind::unsupported || why.differs(t, name());
  }
  static bool pack(packer& out, const type& t, const value& v) { return out.any(t, v); }
  static value unpack(unpacker& in, const type& t) { return in.any(t); }
};

template <represented T>
struct codec<T> {
  using as = typename representation<T>::type;
  static constexpr bool needs_type = wit::needs_type<as>;
  static std::string name() { return boost::core::type_name<T>(); }
  static bool fits(const type& t, mismatch& why) { return codec<as>::fits(t, why); }
  static bool pack(packer& out, const type& t, const T& v) {
    return codec<as>::pack(out, t, representation<T>::to_wit(v));
  }
  static T unpack(unpacker& in, const type& t) {
    return representation<T>::from_wit(codec<as>::unpack(in, t));
  }
};

}  // namespace holdfast::wit
