// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <holdfast/codec.hpp>
#include <holdfast/codec_described.hpp>

#include "wit/describe.hpp"

namespace holdfast::wit {

bool mismatch::differs(const type& has, std::string gives) { return differs(has, std::move(gives), {}); }

bool mismatch::differs(const type& has, std::string gives, std::string how) {
  has_ = short_spelling(has);
  gives_ = std::move(gives);
  how_ = std::move(how);
  return false;
}

std::string mismatch::sentence(std::string_view component_does, std::string_view other_does) const {
  std::string told = path_ + ": the component " + std::string(component_does) + " " + has_ + ", " +
                     std::string(other_does) + " " + gives_;
  if (!how_.empty()) told += "; " + how_;
  return told;
}

namespace {

constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// `item-count` of `item_count`, `itemCount` and `ItemCount`; `default` of `default_`.
std::string kebab(std::string_view cpp) {
  while (cpp.size() > 1 && cpp.back() == '_') cpp.remove_suffix(1);
  std::string made;
  for (std::size_t i = 0; i < cpp.size(); ++i) {
    const bool begins_word = i > 0 && is_upper(cpp[i]) && !is_upper(cpp[i - 1]) && cpp[i - 1] != '_';
    if (begins_word) made += '-';
    made += cpp[i] == '_' ? '-' : lower(cpp[i]);
  }
  return made;
}

std::string lowered(std::string_view wit) {
  std::string made;
  for (const char c : wit) made += lower(c);
  return made;
}

std::string_view name_of(const type& t, std::size_t i) {
  return t.kind() == kind::record ? std::string_view(t.fields()[i].name) : std::string_view(t.names()[i]);
}

}  // namespace

bool same_name(std::string_view in_wit, std::string_view in_cpp) { return lowered(in_wit) == kebab(in_cpp); }

bool fits_names(const type& t, std::span<const std::string_view> names, const std::string& cpp_name,
                mismatch& why) {
  const std::size_t count = t.kind() == kind::record ? t.fields().size() : t.names().size();
  if (count != names.size())
    return why.differs(
        t, cpp_name,
        "it has " + std::to_string(count) + " names and the C++ type " + std::to_string(names.size()));
  for (std::size_t i = 0; i < count; ++i) {
    if (same_name(name_of(t, i), names[i])) continue;
    return why.differs(t, cpp_name,
                       "name " + std::to_string(i + 1) + " is `" + std::string(name_of(t, i)) +
                           "` there and `" + std::string(names[i]) + "` in C++");
  }
  return true;
}

std::string_view scalar_name(kind k) noexcept {
  constexpr std::array<std::string_view, 12> names = {
      "bool",          "std::int8_t",  "std::uint8_t",  "std::int16_t", "std::uint16_t", "std::int32_t",
      "std::uint32_t", "std::int64_t", "std::uint64_t", "float",        "double",        "char32_t"};
  const auto index = static_cast<std::size_t>(k);
  return index < names.size() ? names[index] : "unknown";
}

}  // namespace holdfast::wit
