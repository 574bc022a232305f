// SPDX-License-Identifier: Apache-2.0
#include "serve/http_answer.hpp"

#include <ostream>  // Boost 1.81 needs it, and does not include it
//
#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <cstdio>
#include <ctime>

#include "serve/ascii.hpp"

namespace holdfast::serve {
namespace {

bool may_stand(std::string_view value) noexcept {
  return std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

}  // namespace

std::string_view reason_of(unsigned status) noexcept {
  const auto known = boost::beast::http::int_to_status(status);
  if (known == boost::beast::http::status::unknown) return "Status";
  const auto text = boost::beast::http::obsolete_reason(known);
  return {text.data(), text.size()};
}

void write_head(std::string& to, const http_answer& of, answer_framing framing, std::uint64_t length,
                std::string_view connection, std::string_view date) {
  if (of.status == 200) {
    to += "HTTP/1.1 200 OK\r\nDate: ";
  } else {
    to += "HTTP/1.1 ";
    to += std::to_string(of.status);
    to += ' ';
    to += reason_of(of.status);
    to += "\r\nDate: ";
  }
  to += date;
  to += "\r\n";
  if (!of.type.empty()) {
    to += "Content-Type: ";
    to += of.type;
    to += "\r\n";
  }
  if (of.no_sniffing) to += "X-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : of.fields) {
    if (!ascii::is_token(name) || !may_stand(value)) continue;
    to += name;
    to += ": ";
    to += value;
    to += "\r\n";
  }
  switch (framing) {
    case answer_framing::none:
    case answer_framing::until_close:
      break;
    case answer_framing::length:
      to += "Content-Length: ";
      to += std::to_string(length);
      to += "\r\n";
      break;
    case answer_framing::chunked:
      to += "Transfer-Encoding: chunked\r\n";
      break;
  }
  if (!connection.empty()) {
    to += "Connection: ";
    to += connection;
    to += "\r\n";
  }
  to += "\r\n";
}

std::string_view http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::array<char, 32> text{};
  thread_local std::size_t length = 0;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    // Not by the locale: strftime would write the names of days in the user's language.
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    gmtime_r(&now, &parts);
    length = static_cast<std::size_t>(
        std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                      days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                      months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                      parts.tm_min, parts.tm_sec));
    made_at = now;
  }
  return {text.data(), length};
}

}  // namespace holdfast::serve
