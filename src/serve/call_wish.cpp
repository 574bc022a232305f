// SPDX-License-Identifier: Apache-2.0
#include "serve/call_wish.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "serve/ascii.hpp"
#include "serve/units.hpp"

namespace holdfast::serve {
namespace {

constexpr std::size_t longest_key = 255;
constexpr double longest_wait = 86400;

// The IETF draft writes a structured string, `"8e03..."`; most clients write it without quotes. Both name the
// same key.
result<std::string> read_key(std::string_view text) {
  std::string key;
  if (text.starts_with('"')) {
    std::size_t i = 1;
    for (; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && ++i == text.size()) break;
      key.push_back(text[i]);
    }
    if (i + 1 != text.size())
      return error(errc::bad_arguments, "Idempotency-Key: the quotes do not end where the field does");
  } else {
    key = text;
  }
  if (key.empty()) return error(errc::bad_arguments, "Idempotency-Key: it is empty");
  if (key.size() > longest_key)
    return error(errc::bad_arguments,
                 "Idempotency-Key: it is longer than " + std::to_string(longest_key) + " characters");
  if (!std::ranges::all_of(key, [](char c) { return c >= 0x20 && c < 0x7f; }))
    return error(errc::bad_arguments, "Idempotency-Key: it has characters that are not of ASCII");
  return key;
}

// RFC 7240: `respond-async, wait=10; foo`.
result<void> read_preferences(std::string_view list, call_wish& into) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    one = ascii::trimmed(one.substr(0, one.find(';')));
    if (ascii::equal(one, "respond-async")) into.respond_async = true;
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || !ascii::equal(ascii::trimmed(one.substr(0, equals)), "wait"))
      continue;
    std::string_view number = ascii::trimmed(one.substr(equals + 1));
    if (number.size() >= 2 && number.front() == '"' && number.back() == '"')
      number = number.substr(1, number.size() - 2);
    const auto wait = parse_seconds(number);
    if (!wait) return error(errc::bad_arguments, "Prefer: wait: " + wait.error().message());
    into.wait = *wait;
  }
  return {};
}

}  // namespace

result<duration> parse_seconds(std::string_view text) {
  double seconds = -1;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (failed != std::errc() || end != text.data() + text.size() || !(seconds >= 0) || seconds > longest_wait)
    return error(errc::bad_arguments,
                 "`" + std::string(text) + "` is not a number of seconds from 0 to 86400");
  return duration(std::llround(seconds * 1e9));
}

result<call_wish> read_call_wish(const http_request& from) {
  call_wish wish;
  if (const auto key = from.field("idempotency-key")) {
    auto read = read_key(*key);
    if (!read) return read.error();
    wish.key = *std::move(read);
  }
  for (const http_field& each : from.fields)
    if (each.name == "prefer")
      if (const auto read = read_preferences(each.value, wish); !read) return read.error();
  if (const auto deadline = from.field("holdfast-deadline")) {
    const auto read = parse_duration(*deadline);
    if (!read) return error(errc::bad_arguments, "Holdfast-Deadline: " + read.error().message());
    if (*read == duration::zero())
      return error(errc::bad_arguments, "Holdfast-Deadline: a call needs some time");
    wish.deadline = *read;
  }
  return wish;
}

}  // namespace holdfast::serve
