// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>

#include "wit/base64.hpp"
#include "wit/json.hpp"
#include "wit/mentions.hpp"
#include "wit/packed.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

namespace {

namespace json = boost::json;

// Beyond this a double, which is what most readers of JSON make of a number, skips integers.
constexpr std::int64_t exact_limit = std::int64_t{1} << 53;

json::value write(const value& v);

json::value write_scalar(bool b) { return b; }

template <std::integral T>
json::value write_scalar(T number) {
  if (std::cmp_greater(number, exact_limit) || std::cmp_less(number, -exact_limit)) {
    return json::value(std::to_string(number));
  }
  return static_cast<std::int64_t>(number);
}

json::value write_scalar(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  return number;
}

json::value write_scalar(float number) {
  if (!std::isfinite(number)) return write_scalar(static_cast<double>(number));
  // The double nearest to the float's own shortest digits: 0.1, not 0.10000000149011612. It rounds back to
  // the float.
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  double shown = number;
  std::from_chars(digits.data(), written.ptr, shown);
  return shown;
}

json::value write_scalar(char32_t c) { return json::value(encode_utf8(c)); }

template <class T>
json::value write_list(const std::vector<T>& elements) {
  json::array out;
  out.reserve(elements.size());
  for (const auto& each : elements) {
    if constexpr (std::same_as<T, value>) {
      out.push_back(write(each));
    } else {
      out.push_back(write_scalar(static_cast<T>(each)));
    }
  }
  return out;
}

json::value write_payload(const box& payload) { return payload ? write(*payload) : json::value(nullptr); }

json::value write_member(std::string_view name, json::value held) {
  json::object out;
  out.emplace(name, std::move(held));
  return out;
}

/// Writes a value that stands in the shape of its type.
struct writer {
  template <scalar T>
  json::value operator()(T held) const {
    return write_scalar(held);
  }
  json::value operator()(const std::string& text) const { return json::value(text); }
  json::value operator()(const bytes& held) const { return json::value(to_base64(held)); }
  template <class T>
  json::value operator()(const std::vector<T>& elements) const {
    return write_list(elements);
  }
  json::value operator()(const record_value& record) const {
    json::object out;
    out.reserve(record.fields().size());
    for (const field_value& each : record.fields()) out.emplace(each.name(), write(each.held()));
    return out;
  }
  json::value operator()(const tuple_value& tuple) const { return write_list(tuple.elements()); }
  json::value operator()(const variant_value& variant) const {
    return write_member(variant.name(), write_payload(variant.payload()));
  }
  json::value operator()(const enum_value& named) const { return json::value(named.name()); }
  json::value operator()(const option_value& option) const {
    if (!option.some()) return nullptr;
    json::value some = write(*option.some());
    // An option within an option would be null either way.
    return option.some()->is<option_value>() ? write_member("some", std::move(some)) : some;
  }
  json::value operator()(const result_value& held) const {
    return write_member(held.is_ok() ? "ok" : "err", write_payload(held.payload()));
  }
  json::value operator()(const flags_value& flags) const {
    json::array out;
    for (const std::string& name : flags.names()) out.emplace_back(name);
    return out;
  }
  json::value operator()(const handle& held) const {
    return write_member(held.owned() == handle::ownership::own ? "own" : "borrow",
                        write_scalar(held.number()));
  }
  json::value operator()(const readable&) const { return nullptr; }  // `to_json` refuses its type
};

json::value write(const value& v) { return v.visit(writer()); }

}  // namespace

result<json::value> to_json(const type& of, const value& v) {
  if (mentions(of, is_transmitted))
    return error(errc::bad_arguments, "a stream or a future cannot be written as JSON");
  // Packing checks the value and unpacking gives it the very shape of its type, so that writing needs no
  // type.
  const auto packed = encode_value(of, v);
  if (!packed) return packed.error();
  const auto shaped = decode(of, *packed);
  if (!shaped) return shaped.error();
  return write(*shaped);
}

}  // namespace holdfast::wit
