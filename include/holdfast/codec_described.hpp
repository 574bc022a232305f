// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/core/type_name.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <holdfast/codec.hpp>
#include <holdfast/flags.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

/// The codecs of described types: structs as records, enums as enums, sets of enums as flags.
///
///     struct receipt { std::uint64_t serial, id, total; };
///     BOOST_DESCRIBE_STRUCT(receipt, (), (serial, id, total))
///
/// The names are compared when a function is looked up; at a call only the order counts.
namespace holdfast::wit {

/// A struct with `BOOST_DESCRIBE_STRUCT` and at least one member: a `record`. Its public members count alone.
template <class T>
concept described_record = std::is_class_v<T> && !represented<T> &&
                           boost::describe::has_describe_members<T>::value && !std::is_empty_v<T>;

/// An enum with `BOOST_DESCRIBE_ENUM`: an `enum`, and in `flags` the names of them.
template <class T>
concept described_enum =
    std::is_enum_v<T> && !represented<T> && boost::describe::has_describe_enumerators<T>::value;

/// Whether the names are those of the type, one by one.
bool fits_names(const type& t, std::span<const std::string_view> names, const std::string& cpp_name,
                mismatch& why);

template <described_record T>
struct codec<T> {
  using members = boost::describe::describe_members<T, boost::describe::mod_public>;
  template <class Member>
  using held_by = std::remove_cvref_t<decltype(std::declval<T&>().*Member::pointer)>;
  static constexpr bool needs_type = []<class... M>(boost::mp11::mp_list<M...>) {
    return (wit::needs_type<held_by<M>> || ...);
  }(boost::mp11::mp_rename<members, boost::mp11::mp_list>());

  static std::string name() { return boost::core::type_name<T>(); }

  static bool fits(const type& t, mismatch& why) {
    if (t.kind() != kind::record) return why.differs(t, name());
    std::array<std::string_view, boost::mp11::mp_size<members>::value> names;
    std::size_t n = 0;
    boost::mp11::mp_for_each<members>([&](auto member) { names[n++] = member.name; });
    if (!fits_names(t, names, name(), why)) return false;
    bool good = true;
    n = 0;
    boost::mp11::mp_for_each<members>([&](auto member) {
      if (!good) return;
      const field& one = t.fields()[n++];
      good =
          why.within(codec<held_by<decltype(member)>>::fits(one.type, why), [&] { return "." + one.name; });
    });
    return good;
  }

  template <class V>
  static bool pack(packer& out, const type& t, V&& from) {
    bool done = true;
    std::size_t n = 0;
    boost::mp11::mp_for_each<members>([&](auto member) {
      using held = held_by<decltype(member)>;
      if (!done) return;
      done = out.within(codec<held>::pack(out, field_type<held>(t, n), std::forward<V>(from).*member.pointer),
                        [&] { return std::string(".") + member.name; });
      ++n;
    });
    return done;
  }

  static T unpack(unpacker& in, const type& t)
    requires std::is_default_constructible_v<T>
  {
    T into{};
    std::size_t n = 0;
    boost::mp11::mp_for_each<members>([&](auto member) {
      using held = held_by<decltype(member)>;
      into.*member.pointer = codec<held>::unpack(in, field_type<held>(t, n++));
    });
    return into;
  }

 private:
  template <class Held>
  static const type& field_type(const type& t, std::size_t n) {
    return type_for<Held>(t, [&]() -> const type& { return t.fields()[n].type; });
  }
};

/// The enumerators of E in the order of their description.
template <described_enum E>
inline constexpr auto enumerators = [] {
  using described = boost::describe::describe_enumerators<E>;
  std::array<E, boost::mp11::mp_size<described>::value> all{};
  std::size_t n = 0;
  boost::mp11::mp_for_each<described>([&](auto each) { all[n++] = each.value; });
  return all;
}();

/// `fits_names` for the enumerators of E.
template <described_enum E>
bool fits_enumerators(const type& t, const std::string& cpp_name, mismatch& why) {
  std::array<std::string_view, enumerators<E>.size()> names;
  std::size_t n = 0;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
      [&](auto each) { names[n++] = each.name; });
  return fits_names(t, names, cpp_name, why);
}

template <described_enum E>
struct codec<E> {
  static std::string name() { return boost::core::type_name<E>(); }
  static bool fits(const type& t, mismatch& why) {
    return t.kind() == kind::enumeration ? fits_enumerators<E>(t, name(), why) : why.differs(t, name());
  }
  static bool pack(packer& out, const type&, E one) {
    for (std::size_t i = 0; i < enumerators<E>.size(); ++i) {
      if (enumerators<E>[i] == one) return out.word(static_cast<std::uint32_t>(i));
    }
    return out.fail("the enum holds a value that it does not name");
  }
  static E unpack(unpacker& in, const type&) {
    return enumerators<E>[in.index(enumerators<E>.size(), "an enum has no such case")];
  }
};

template <described_enum E>
struct codec<flags<E>> {
  static std::string name() { return "wit::flags<" + boost::core::type_name<E>() + ">"; }
  static bool fits(const type& t, mismatch& why) {
    return t.kind() == kind::flags ? fits_enumerators<E>(t, name(), why) : why.differs(t, name());
  }
  static bool pack(packer& out, const type&, const flags<E>& set) {
    for (const std::uint32_t word : set.bits()) out.word(word);
    return true;
  }
  static flags<E> unpack(unpacker& in, const type&) {
    typename flags<E>::words words{};
    for (std::uint32_t& word : words) word = in.template word<std::uint32_t>();
    const auto set = flags<E>::of_bits(words);
    if (set.bits() != words) in.fail("flags that do not exist are set");
    return set;
  }
};

}  // namespace holdfast::wit
