// SPDX-License-Identifier: Apache-2.0
#include "serve/schema_check.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>

namespace holdfast::testing_support {
namespace {

namespace json = boost::json;

std::size_t characters(const json::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool matches(const json::string& pattern, const json::string& text) {
  static std::map<std::string, std::regex, std::less<>> known;
  const std::string key(pattern.c_str(), pattern.size());
  const auto at = known.try_emplace(key, key, std::regex::ECMAScript).first;
  return std::regex_search(text.begin(), text.end(), at->second);
}

bool is_of(const json::string& type, const json::value& v) {
  if (type == "null") return v.is_null();
  if (type == "boolean") return v.is_bool();
  if (type == "string") return v.is_string();
  if (type == "array") return v.is_array();
  if (type == "object") return v.is_object();
  if (type == "number") return v.is_number();
  if (type == "integer")
    return v.is_int64() || v.is_uint64() || (v.is_double() && std::trunc(v.get_double()) == v.get_double());
  throw std::runtime_error("no type " + std::string(type.c_str()));
}

// As exact as the widest of both: a double does not tell 2^64 - 1 from 2^64.
long double number(const json::value& v) {
  if (v.is_int64()) return static_cast<long double>(v.get_int64());
  if (v.is_uint64()) return static_cast<long double>(v.get_uint64());
  return v.get_double();
}

bool all_distinct(const json::array& elements) {
  for (std::size_t i = 0; i < elements.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (elements[i] == elements[j]) return false;
  return true;
}

bool items_fit(const json::object& schema, const json::array& elements) {
  const json::value* const first = schema.if_contains("prefixItems");
  const std::size_t told = first == nullptr ? 0 : first->as_array().size();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const json::value* const of = i < told ? &first->as_array()[i] : schema.if_contains("items");
    if (of != nullptr && !validates(*of, elements[i])) return false;
  }
  return true;
}

bool members_fit(const json::object& schema, const json::object& members) {
  for (const auto& [name, held] : members) {
    const json::value* const known = schema.if_contains("properties");
    const json::value* of = known == nullptr ? nullptr : known->as_object().if_contains(name);
    if (of == nullptr) of = schema.if_contains("additionalProperties");
    if (of != nullptr && !validates(*of, held)) return false;
  }
  return true;
}

bool allows(const json::object& schema, const json::string& word, const json::value& rule,
            const json::value& v) {
  if (word == "type") return is_of(rule.as_string(), v);
  if (word == "enum") return std::ranges::find(rule.as_array(), v) != rule.as_array().end();
  if (word == "oneOf")
    return std::ranges::count_if(rule.as_array(),
                                 [&](const json::value& each) { return validates(each, v); }) == 1;
  if (word == "minimum") return !v.is_number() || number(v) >= number(rule);
  if (word == "maximum") return !v.is_number() || number(v) <= number(rule);
  if (word == "exclusiveMinimum") return !v.is_number() || number(v) > number(rule);
  if (word == "exclusiveMaximum") return !v.is_number() || number(v) < number(rule);
  if (word == "minLength")
    return !v.is_string() || characters(v.get_string()) >= rule.to_number<std::size_t>();
  if (word == "maxLength")
    return !v.is_string() || characters(v.get_string()) <= rule.to_number<std::size_t>();
  if (word == "pattern") return !v.is_string() || matches(rule.as_string(), v.get_string());
  if (word == "minItems") return !v.is_array() || v.get_array().size() >= rule.to_number<std::size_t>();
  if (word == "maxItems") return !v.is_array() || v.get_array().size() <= rule.to_number<std::size_t>();
  if (word == "uniqueItems") return !v.is_array() || all_distinct(v.get_array());
  if (word == "prefixItems") return !v.is_array() || items_fit(schema, v.get_array());
  if (word == "items")
    return !v.is_array() || schema.contains("prefixItems") || items_fit(schema, v.get_array());
  if (word == "properties") return !v.is_object() || members_fit(schema, v.get_object());
  if (word == "additionalProperties")
    return !v.is_object() || schema.contains("properties") || members_fit(schema, v.get_object());
  if (word == "required")
    return !v.is_object() || std::ranges::all_of(rule.as_array(), [&](const json::value& name) {
      return v.get_object().contains(name.as_string());
    });
  if (word == "contentEncoding") return true;  // an annotation
  throw std::runtime_error("no rule " + std::string(word.c_str()));
}

}  // namespace

bool validates(const json::value& schema, const json::value& instance) {
  if (schema.is_bool()) return schema.get_bool();
  return std::ranges::all_of(schema.as_object(), [&](const auto& rule) {
    return allows(schema.as_object(), json::string(rule.key()), rule.value(), instance);
  });
}

}  // namespace holdfast::testing_support
