// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/type.hpp>
#include <optional>
#include <string>
#include <vector>

/// The types that hostile values are read as: every kind that text can carry, and some of each in another.
namespace holdfast::fuzz {

inline std::vector<wit::type> make_types() {
  using wit::kind;
  using wit::type;
  std::vector<type> all;
  for (unsigned k = 0; k <= static_cast<unsigned>(kind::string); ++k) {
    all.emplace_back(static_cast<kind>(k));
    all.push_back(type::list(static_cast<kind>(k)));
  }
  std::vector<std::string> many;
  for (int i = 0; i < 70; ++i) many.push_back("f" + std::to_string(i));
  // Words of WAVE and JSON among the names.
  const type color = type::enumeration({"red", "none", "some", "ok", "true", "inf", "nan"});
  const type few = type::flags({"read", "none", "err"});
  const type shape = type::variant({{"dot", std::nullopt}, {"some", kind::f32}, {"none", kind::string}});
  const type point = type::record({{"x", kind::s32}, {"y", type::option(kind::s64)}, {"ok", shape}});
  all.insert(all.end(), {color, few, type::flags(many), shape, point});
  all.push_back(type::tuple({kind::u8, kind::string, color}));
  all.push_back(type::option(kind::u8));
  all.push_back(type::option(type::option(kind::u8)));
  all.push_back(type::option(type::option(type::option(color))));
  all.push_back(type::option(type::result(std::nullopt, type::option(kind::boolean))));
  all.push_back(type::result(std::nullopt, std::nullopt));
  all.push_back(type::result(kind::u8, kind::string));
  all.push_back(type::result(type::option(few), type::list(point)));
  all.push_back(type::list(type::list(kind::u8)));
  all.push_back(type::list(type::tuple({kind::character, type::option(kind::f64)})));
  all.push_back(type::list(point));
  all.push_back(type::variant({{"a", type::option(type::option(kind::s8))}, {"b", type::list(shape)}}));
  all.push_back(type::own("file", 0));
  all.push_back(type::list(type::borrow("file", 1)));
  type deep = kind::u8;
  for (int i = 0; i < 40; ++i) deep = i % 2 == 0 ? type::option(deep) : type::list(deep);
  all.push_back(deep);
  return all;
}

inline const std::vector<wit::type>& types() {
  static const std::vector<wit::type> all = make_types();
  return all;
}

inline const wit::type& type_of(std::uint8_t chosen) { return types()[chosen % types().size()]; }

}  // namespace holdfast::fuzz
