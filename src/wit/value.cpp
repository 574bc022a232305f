// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <holdfast/value.hpp>

namespace holdfast::wit {

box::box() noexcept = default;
box::box(value held) : held_(std::make_unique<value>(std::move(held))) {}
box::box(const box& other) : held_(other.held_ ? std::make_unique<value>(*other.held_) : nullptr) {}
box::box(box&& other) noexcept = default;
box& box::operator=(box&& other) noexcept = default;
box::~box() = default;

box& box::operator=(const box& other) {
  if (this != &other) *this = box(other);
  return *this;
}

bool operator==(const box& left, const box& right) noexcept {
  if (!left || !right) return left.has_value() == right.has_value();
  return *left == *right;
}

record_value::record_value(std::vector<field_value> fields) noexcept : fields_(std::move(fields)) {}
record_value::record_value(const record_value& other) = default;
record_value::record_value(record_value&& other) noexcept = default;
record_value& record_value::operator=(const record_value& other) = default;
record_value& record_value::operator=(record_value&& other) noexcept = default;
record_value::~record_value() = default;

const value* record_value::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(fields_, name, &field_value::name);
  return found == fields_.end() ? nullptr : &found->held();
}

bool operator==(const record_value& left, const record_value& right) noexcept {
  return left.fields_ == right.fields_;
}

tuple_value::tuple_value(list elements) noexcept : elements_(std::move(elements)) {}

bool operator==(const tuple_value& left, const tuple_value& right) noexcept {
  return left.elements_ == right.elements_;
}

bool flags_value::has(std::string_view name) const noexcept {
  return std::ranges::find(names_, name) != names_.end();
}

bool operator==(const flags_value& left, const flags_value& right) noexcept {
  const auto within = [](const flags_value& inner, const flags_value& outer) {
    return std::ranges::all_of(inner.names_, [&outer](const std::string& name) { return outer.has(name); });
  };
  return within(left, right) && within(right, left);
}

value value::variant(std::string name) { return value(variant_value(std::move(name))); }
value value::variant(std::string name, value payload) {
  return value(variant_value(std::move(name), box(std::move(payload))));
}
value value::enumeration(std::string name) { return value(enum_value(std::move(name))); }
value value::some(value payload) { return value(option_value(box(std::move(payload)))); }
value value::none() { return value(option_value()); }
value value::ok() { return value(result_value(result_value::side::ok)); }
value value::ok(value payload) {
  return value(result_value(result_value::side::ok, box(std::move(payload))));
}
value value::err() { return value(result_value(result_value::side::err)); }
value value::err(value payload) {
  return value(result_value(result_value::side::err, box(std::move(payload))));
}
value value::flags(std::vector<std::string> names) { return value(flags_value(std::move(names))); }

namespace {

// A NaN equals a NaN, whatever its bits: guests may change them, and a value must equal its copy.
template <class T>
bool same(const T& left, const T& right) noexcept {
  return left == right;
}

bool same(const float& left, const float& right) noexcept {
  return left == right || (std::isnan(left) && std::isnan(right));
}

bool same(const double& left, const double& right) noexcept {
  return left == right || (std::isnan(left) && std::isnan(right));
}

template <std::floating_point T>
bool same(const std::vector<T>& left, const std::vector<T>& right) noexcept {
  return std::ranges::equal(left, right, [](const T& a, const T& b) { return same(a, b); });
}

}  // namespace

bool operator==(const value& left, const value& right) noexcept {
  if (left.storage_.index() != right.storage_.index()) return false;
  return std::visit(
      [&right](const auto& held) {
        return same(held, *std::get_if<std::decay_t<decltype(held)>>(&right.storage_));
      },
      left.storage_);
}

}  // namespace holdfast::wit
