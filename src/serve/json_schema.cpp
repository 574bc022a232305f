// SPDX-License-Identifier: Apache-2.0
#include "serve/json_schema.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "wit/mentions.hpp"

namespace holdfast::serve {
namespace {

namespace json = boost::json;
using wit::kind;
using wit::type;

constexpr std::int64_t exact_limit = std::int64_t{1} << 53;
// What would round to an infinite float is refused, from half a step beyond the largest.
constexpr double past_float = 0x1.ffffffp127;

// Bits that stand for nothing are 0, so the last digit before the padding is one of few.
constexpr std::string_view base64 =
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

bool is_barred(kind k) noexcept {
  return k == kind::own || k == kind::borrow || k == kind::unsupported || wit::is_transmitted(k);
}

json::object of_type(const char* name) { return json::object{{"type", name}}; }

json::object one_of(json::array choices) { return json::object{{"oneOf", std::move(choices)}}; }

json::array words(std::span<const std::string> names) {
  json::array all;
  for (const std::string& each : names) all.emplace_back(each);
  return all;
}

template <class T>
json::object integer() {
  return {{"type", "integer"},
          {"minimum", std::numeric_limits<T>::min()},
          {"maximum", std::numeric_limits<T>::max()}};
}

// A pattern of the decimal numbers up to `most`, whatever zeros they begin with.
std::string up_to(std::string_view most) {
  std::string pattern = "0*(?:[0-9]{1," + std::to_string(most.size() - 1) + "}";
  for (std::size_t i = 0; i < most.size(); ++i) {
    if (most[i] == '0') continue;
    const std::size_t left = most.size() - i - 1;
    pattern += "|" + std::string(most.substr(0, i)) + "[0-" + static_cast<char>(most[i] - 1) + "]";
    if (left > 0) pattern += "[0-9]{" + std::to_string(left) + "}";
  }
  return pattern + "|" + std::string(most) + ")";
}

json::object wide_integer(bool is_signed) {
  const std::string most = is_signed ? up_to("9223372036854775807") : up_to("18446744073709551615");
  const std::string digits =
      is_signed ? "^(?:" + most + "|-" + up_to("9223372036854775808") + ")$" : "^" + most + "$";
  return one_of(
      {json::object{{"type", "integer"}, {"minimum", is_signed ? -exact_limit : 0}, {"maximum", exact_limit}},
       json::object{{"type", "string"}, {"pattern", digits}}});
}

json::object floating(json::object number) {
  return one_of({std::move(number), json::object{{"enum", json::array{"nan", "inf", "-inf"}}}});
}

json::object bytes(json_side side) {
  json::object text{{"type", "string"}, {"contentEncoding", "base64"}, {"pattern", base64}};
  if (side == json_side::written) return text;
  return one_of({std::move(text), json::object{{"type", "array"}, {"items", integer<std::uint8_t>()}}});
}

// An object of one member, as cases are written.
json::object member(std::string_view name, json::object held) {
  return {{"type", "object"},
          {"properties", json::object{{name, std::move(held)}}},
          {"required", json::array{json::value(name)}},
          {"additionalProperties", false}};
}

json::object payload(const std::optional<type>& of, json_side side) {
  return of ? schema_of(*of, side) : of_type("null");
}

json::object object_of(std::span<const wit::field> fields, json_side side) {
  json::object properties;
  json::array required;
  for (const wit::field& each : fields) {
    properties[each.name] = schema_of(each.type, side);
    if (side == json_side::written || each.type.kind() != kind::option) required.emplace_back(each.name);
  }
  json::object made{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) made["required"] = std::move(required);
  return made;
}

json::object array_of(json::array elements, std::size_t least) {
  json::object made{{"type", "array"}, {"minItems", least}, {"maxItems", elements.size()}};
  // The specification wants one schema at least.
  if (!elements.empty()) made["prefixItems"] = std::move(elements);
  made["items"] = false;
  return made;
}

json::object tuple(std::span<const type> elements, json_side side) {
  json::array all;
  for (const type& each : elements) all.emplace_back(schema_of(each, side));
  return array_of(std::move(all), elements.size());
}

json::object variant(std::span<const wit::variant_case> cases, json_side side) {
  json::array choices;
  json::array bare;
  for (const wit::variant_case& each : cases) {
    choices.emplace_back(member(each.name, payload(each.payload, side)));
    if (!each.payload) bare.emplace_back(each.name);
  }
  if (side == json_side::taken && !bare.empty())
    choices.emplace_back(json::object{{"enum", std::move(bare)}});
  return one_of(std::move(choices));
}

json::object option(const type& some, json_side side) {
  json::object held = schema_of(some, side);
  // An option within an option would be null either way.
  if (some.kind() == kind::option) held = member("some", std::move(held));
  return one_of({of_type("null"), std::move(held)});
}

json::object flags(std::span<const std::string> names, json_side side) {
  json::object made{{"type", "array"}, {"items", json::object{{"enum", words(names)}}}};
  if (side == json_side::written) made["uniqueItems"] = true;
  return made;
}

}  // namespace

bool crosses(const type& of) noexcept { return !wit::mentions(of, is_barred); }

bool crosses(const wit::function& of) noexcept {
  return std::ranges::all_of(of.params, [](const wit::field& each) { return crosses(each.type); }) &&
         (!of.result || crosses(*of.result));
}

json::object schema_of(const type& of, json_side side) {
  switch (of.kind()) {
    case kind::boolean:
      return of_type("boolean");
    case kind::s8:
      return integer<std::int8_t>();
    case kind::u8:
      return integer<std::uint8_t>();
    case kind::s16:
      return integer<std::int16_t>();
    case kind::u16:
      return integer<std::uint16_t>();
    case kind::s32:
      return integer<std::int32_t>();
    case kind::u32:
      return integer<std::uint32_t>();
    case kind::s64:
      return wide_integer(true);
    case kind::u64:
      return wide_integer(false);
    case kind::f32:
      return floating(
          {{"type", "number"}, {"exclusiveMinimum", -past_float}, {"exclusiveMaximum", past_float}});
    case kind::f64:
      // JSON has numbers that no double is near to.
      return floating({{"type", "number"},
                       {"minimum", std::numeric_limits<double>::lowest()},
                       {"maximum", std::numeric_limits<double>::max()}});
    case kind::character:
      return {{"type", "string"}, {"minLength", 1}, {"maxLength", 1}};
    case kind::string:
      return of_type("string");
    case kind::list:
      if (of.element().kind() == kind::u8) return bytes(side);
      return {{"type", "array"}, {"items", schema_of(of.element(), side)}};
    case kind::record:
      return object_of(of.fields(), side);
    case kind::tuple:
      return tuple(of.elements(), side);
    case kind::variant:
      return variant(of.cases(), side);
    case kind::enumeration:
      return json::object{{"enum", words(of.names())}};
    case kind::option:
      return option(of.element(), side);
    case kind::result:
      return one_of({member("ok", payload(of.ok(), side)), member("err", payload(of.err(), side))});
    case kind::flags:
      return flags(of.names(), side);
    case kind::own:
    case kind::borrow:
    case kind::stream:
    case kind::future:
    case kind::unsupported:
      break;
  }
  return json::object{{"not", json::object()}};  // no value crosses
}

json::object arguments_schema(const wit::function& of) {
  json::array in_order;
  std::size_t needed = 0;
  for (const wit::field& each : of.params) {
    in_order.emplace_back(schema_of(each.type, json_side::taken));
    if (each.type.kind() != kind::option) needed = in_order.size();
  }
  return one_of({array_of(std::move(in_order), needed), object_of(of.params, json_side::taken)});
}

}  // namespace holdfast::serve
