// SPDX-License-Identifier: Apache-2.0
#include <holdfast/call_id.hpp>

namespace holdfast {

std::string call_id::to_string() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[static_cast<std::size_t>(15 - i)] = digits[(high >> (4 * i)) & 15];
    text[static_cast<std::size_t>(31 - i)] = digits[(low >> (4 * i)) & 15];
  }
  return text;
}

std::optional<call_id> call_id::parse(std::string_view text) noexcept {
  if (text.size() != 32) return std::nullopt;
  call_id id;
  for (std::size_t i = 0; i < 32; ++i) {
    const char c = text[i];
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint64_t>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    auto& half = i < 16 ? id.high : id.low;
    half = half << 4 | digit;
  }
  return id;
}

}  // namespace holdfast
