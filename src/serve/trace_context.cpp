// SPDX-License-Identifier: Apache-2.0
#include "serve/trace_context.hpp"

#include <algorithm>

#include "serve/ascii.hpp"

namespace holdfast::serve {
namespace {

constexpr std::size_t plain_length = 55;  // of version 00: 00-<32>-<16>-<2>
constexpr std::size_t most_members = 32;
constexpr std::size_t longest_state = 4096;
constexpr std::size_t longest_key = 256;
constexpr std::size_t longest_value = 256;

void write_hex(std::string& to, std::uint64_t what) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) to.push_back(digits[what >> shift & 0xf]);
}

// Lower case alone, as the specification has it.
std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t read = 0;
  for (const char c : text) {
    const auto digit = c >= 'A' && c <= 'F' ? std::nullopt : ascii::hex_digit(c);
    if (!digit) return std::nullopt;
    read = read << 4 | *digit;
  }
  return read;
}

bool is_key(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || ascii::is_digit(c) ||
           std::string_view("_-*/@").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= longest_key && text.front() != '_' && text.front() != '-' &&
         std::ranges::all_of(text, fits);
}

bool is_value(std::string_view text) {
  const auto fits = [](char c) { return c == ' ' || (ascii::is_visible(c) && c != ',' && c != '='); };
  return !text.empty() && text.size() <= longest_value && text.back() != ' ' &&
         std::ranges::all_of(text, fits);
}

}  // namespace

std::string trace_id::to_string() const {
  std::string text;
  write_hex(text, high);
  write_hex(text, low);
  return text;
}

std::string to_string_of_span(span_id which) {
  std::string text;
  write_hex(text, which);
  return text;
}

std::string trace_context::traceparent() const {
  return "00-" + trace.to_string() + "-" + to_string_of_span(span) + (sampled ? "-01" : "-00");
}

std::optional<trace_context> parse_traceparent(std::string_view text) {
  if (text.size() < plain_length || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const auto version = read_hex(text.substr(0, 2));
  const auto high = read_hex(text.substr(3, 16));
  const auto low = read_hex(text.substr(19, 16));
  const auto span = read_hex(text.substr(36, 16));
  const auto flags = read_hex(text.substr(53, 2));
  if (!version || !high || !low || !span || !flags) return std::nullopt;
  if (*version == 0xff || (*version == 0 && text.size() != plain_length)) return std::nullopt;
  if (text.size() > plain_length && text[plain_length] != '-') return std::nullopt;
  if ((*high | *low) == 0 || *span == 0) return std::nullopt;
  return trace_context{.trace = {*high, *low}, .span = *span, .sampled = (*flags & 1) != 0};
}

std::string parse_tracestate(const std::vector<http_field>& fields) {
  std::string all;
  std::size_t members = 0;
  for (const http_field& each : fields) {
    if (each.name != "tracestate") continue;
    std::string_view rest = each.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const std::string_view member = ascii::trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (member.empty()) continue;  // may stand between commas
      const std::size_t at = member.find('=');
      if (at == member.npos || !is_key(member.substr(0, at)) || !is_value(member.substr(at + 1)) ||
          ++members > most_members || all.size() + member.size() > longest_state)
        return {};
      if (!all.empty()) all += ',';
      all += member;
    }
  }
  return all;
}

std::optional<trace_context> sender_of(const http_request& request) {
  const auto field = request.field("traceparent");
  if (!field) return std::nullopt;
  auto read = parse_traceparent(*field);
  if (read) read->state = parse_tracestate(request.fields);
  return read;
}

}  // namespace holdfast::serve
