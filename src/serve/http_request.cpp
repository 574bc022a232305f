// SPDX-License-Identifier: Apache-2.0
#include "serve/http_request.hpp"

#include <algorithm>

#include "serve/ascii.hpp"

namespace holdfast::serve {

void http_request::clear() noexcept {
  method = http_method::other;
  method_name = target = {};
  version = 11;
  host.clear();
  fields.clear();
  framing = body_framing::none;
  length = 0;
  keep_alive = true;
  expects_continue = false;
}

std::string_view http_request::path() const noexcept { return target.substr(0, target.find('?')); }

std::string_view http_request::query() const noexcept {
  const std::size_t at = target.find('?');
  return at == std::string_view::npos ? std::string_view() : target.substr(at + 1);
}

std::optional<std::string_view> http_request::field(std::string_view name) const noexcept {
  const auto at = std::ranges::find(fields, name, &http_field::name);
  if (at == fields.end()) return std::nullopt;
  return at->value;
}

bool is_percent_encoded(std::string_view text) noexcept {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
    if (text.size() - at < 3) return false;
    const auto high = ascii::hex_digit(text[at + 1]);
    const auto low = ascii::hex_digit(text[at + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return false;
  }
  return true;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  if (!is_percent_encoded(text)) return std::nullopt;
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain.push_back(text[i]);
      continue;
    }
    plain.push_back(static_cast<char>(*ascii::hex_digit(text[i + 1]) << 4 | *ascii::hex_digit(text[i + 2])));
    i += 2;
  }
  return plain;
}

path_list path_parts(std::string_view path) {
  path_list parts;
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
