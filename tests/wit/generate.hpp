// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rapidcheck.h>

#include <bit>
#include <concepts>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <limits>

#include "wit/utf8.hpp"

/// Random types, and random values in the very shape that decoding gives them.
namespace holdfast::wit::testing {

/// Draws without RapidCheck's growing size: a range would mostly answer its lower end.
template <class T>
T draw(const rc::Gen<T>& from) {
  return *rc::gen::resize(rc::kNominalSize, from);
}

inline std::size_t below(std::size_t bound) { return draw(rc::gen::inRange<std::size_t>(0, bound)); }

inline std::vector<std::string> some_names(std::size_t count) {
  // Keywords of WAVE among them: a case may well be called `none`.
  static const std::vector<std::string> words = {"none", "some",   "ok",   "err", "true", "false",
                                                 "inf",  "nan",    "a",    "red", "x-y",  "b2-c",
                                                 "HTTP", "to-URL", "list", "u8"};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& word = words[i % words.size()];
    names.push_back(i < words.size() ? word : word + "-n" + std::to_string(i));
  }
  return names;
}

/// A type that text can carry: no handles.
inline type random_type(unsigned depth) {
  // Types with parts are the interesting ones.
  if (depth <= 1 || below(3) == 0) return type(static_cast<kind>(below(13)));
  const auto child = [depth] { return random_type(depth - 1); };
  const auto maybe = [&child]() {
    return below(2) == 0 ? std::optional<type>() : std::optional<type>(child());
  };
  const std::size_t members = 1 + below(4);
  switch (below(8)) {
    case 0:
      return type::list(child());
    case 1: {
      std::vector<field> fields;
      for (const std::string& name : some_names(members)) fields.push_back(field{name, child()});
      return type::record(std::move(fields));
    }
    case 2: {
      std::vector<type> elements;
      for (std::size_t i = 0; i < members; ++i) elements.push_back(child());
      return type::tuple(std::move(elements));
    }
    case 3: {
      std::vector<variant_case> cases;
      for (const std::string& name : some_names(members)) cases.push_back(variant_case{name, maybe()});
      return type::variant(std::move(cases));
    }
    case 4:
      return type::enumeration(some_names(1 + below(40)));
    case 5:
      return type::option(child());
    case 6: {
      auto ok = maybe();
      return type::result(std::move(ok), maybe());
    }
    default:
      return type::flags(some_names(1 + below(70)));
  }
}

inline char32_t random_char() {
  return draw(rc::gen::oneOf(rc::gen::inRange<char32_t>(0, 0x80), rc::gen::inRange<char32_t>(0, 0xD800),
                             rc::gen::inRange<char32_t>(0xE000, 0x110000)));
}

inline std::string random_text() {
  std::string text;
  const std::size_t length = below(12);
  for (std::size_t i = 0; i < length; ++i) text += encode_utf8(random_char());
  return text;
}

template <class T>
T random_scalar() {
  if constexpr (std::same_as<T, bool>) {
    return below(2) == 1;
  } else if constexpr (std::same_as<T, char32_t>) {
    return random_char();
  } else if constexpr (std::floating_point<T>) {
    using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    switch (below(8)) {
      case 0:
        return std::numeric_limits<T>::quiet_NaN();
      case 1:
        return std::numeric_limits<T>::infinity();
      case 2:
        return -std::numeric_limits<T>::infinity();
      case 3:
        return T(-0.0);
      case 4:
        return std::numeric_limits<T>::denorm_min();
      default:
        break;
    }
    // Any bits; a NaN with bits of its own becomes the plain one, as text has only that.
    const T drawn = std::bit_cast<T>(draw(rc::gen::arbitrary<bits>()));
    return drawn == drawn ? drawn : std::numeric_limits<T>::quiet_NaN();
  } else {
    return draw(rc::gen::oneOf(rc::gen::arbitrary<T>(), rc::gen::just(std::numeric_limits<T>::max()),
                               rc::gen::just(std::numeric_limits<T>::min())));
  }
}

template <class T>
value random_scalars() {
  std::vector<T> run;
  const std::size_t length = below(10) == 0 ? 300 : below(5);
  for (std::size_t i = 0; i < length; ++i) run.push_back(random_scalar<T>());
  return value(std::move(run));
}

template <template <class> class Make>
value for_scalar(kind k) {
  switch (k) {
    case kind::boolean:
      return Make<bool>::make();
    case kind::s8:
      return Make<std::int8_t>::make();
    case kind::u8:
      return Make<std::uint8_t>::make();
    case kind::s16:
      return Make<std::int16_t>::make();
    case kind::u16:
      return Make<std::uint16_t>::make();
    case kind::s32:
      return Make<std::int32_t>::make();
    case kind::u32:
      return Make<std::uint32_t>::make();
    case kind::s64:
      return Make<std::int64_t>::make();
    case kind::u64:
      return Make<std::uint64_t>::make();
    case kind::f32:
      return Make<float>::make();
    case kind::f64:
      return Make<double>::make();
    default:
      return Make<char32_t>::make();
  }
}

template <class T>
struct one {
  static value make() { return value(random_scalar<T>()); }
};
template <class T>
struct many {
  static value make() { return random_scalars<T>(); }
};

inline value random_value(const type& t) {
  const auto payload = [](const std::optional<type>& of) { return of ? box(random_value(*of)) : box(); };
  if (is_scalar(t.kind())) return for_scalar<one>(t.kind());
  switch (t.kind()) {
    case kind::string:
      return value(below(10) == 0 ? std::string(300, 'x') : random_text());
    case kind::list: {
      if (is_scalar(t.element().kind())) return for_scalar<many>(t.element().kind());
      list elements;
      const std::size_t length = below(4);
      for (std::size_t i = 0; i < length; ++i) elements.push_back(random_value(t.element()));
      return value(std::move(elements));
    }
    case kind::record: {
      std::vector<field_value> fields;
      for (const field& each : t.fields()) fields.emplace_back(each.name, random_value(each.type));
      return value::record(std::move(fields));
    }
    case kind::tuple: {
      list elements;
      for (const type& each : t.elements()) elements.push_back(random_value(each));
      return value(tuple_value(std::move(elements)));
    }
    case kind::variant: {
      const variant_case& chosen = t.cases()[below(t.cases().size())];
      return value(variant_value(chosen.name, payload(chosen.payload)));
    }
    case kind::enumeration:
      return value::enumeration(t.names()[below(t.names().size())]);
    case kind::option:
      return below(3) == 0 ? value::none() : value::some(random_value(t.element()));
    case kind::result: {
      const bool good = below(2) == 0;
      return value(result_value(good ? result_value::side::ok : result_value::side::err,
                                payload(good ? t.ok() : t.err())));
    }
    case kind::flags: {
      std::vector<std::string> set;
      for (const std::string& name : t.names()) {
        if (below(2) == 0) set.push_back(name);
      }
      return value::flags(std::move(set));
    }
    case kind::own:
      return value(handle(below(1000), handle::ownership::own));
    default:
      return value(handle(below(1000), handle::ownership::borrow));
  }
}

}  // namespace holdfast::wit::testing
