// SPDX-License-Identifier: Apache-2.0
#include "serve/http_request.hpp"

#include <algorithm>

#include "serve/ascii.hpp"

namespace holdfast::serve {

std::string_view http_request::path() const noexcept {
  const std::string_view all = target;
  return all.substr(0, all.find('?'));
}

std::string_view http_request::query() const noexcept {
  const std::string_view all = target;
  const std::size_t at = all.find('?');
  return at == std::string_view::npos ? std::string_view() : all.substr(at + 1);
}

std::optional<std::string_view> http_request::field(std::string_view name) const noexcept {
  const auto at = std::ranges::find(fields, name, &http_field::name);
  if (at == fields.end()) return std::nullopt;
  return at->value;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto high = ascii::hex_digit(text[i + 1]);
    const auto low = ascii::hex_digit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    plain.push_back(static_cast<char>(*high << 4 | *low));
    i += 2;
  }
  return plain;
}

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(percent_decoded(path.substr(0, end)).value_or(std::string()));
    if (end == path.size()) break;
    path.remove_prefix(end + 1);
    if (path.empty()) parts.emplace_back();
  }
  return parts;
}

std::optional<std::vector<std::pair<std::string, std::string>>> query_pairs(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t at = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, at));
    auto value = percent_decoded(pair.substr(std::min(at + 1, pair.size())));
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

bool has_token(std::string_view list, std::string_view word) noexcept {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (ascii::equal(ascii::trimmed(list.substr(0, end)), word)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace holdfast::serve
