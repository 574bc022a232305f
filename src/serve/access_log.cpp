// SPDX-License-Identifier: Apache-2.0
#include "serve/access_log.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <cstdio>
#include <ctime>

#include "serve/units.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {

std::string log_time(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  const auto whole = std::chrono::system_clock::from_time_t(seconds);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(when - whole).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(ms));
  return text.data();
}

std::string access_line(const http_turn& turn, unsigned status, std::uint64_t bytes,
                        std::chrono::nanoseconds took, std::chrono::system_clock::time_point now) {
  constexpr unsigned client_left = 499;
  const http_request& asked = turn.request();
  boost::json::object line;
  line["time"] = log_time(now);
  line["peer"] = turn.peer();
  line["method"] = asked.method_name;
  line["target"] = asked.target;
  line["status"] = status != 0 ? status : client_left;
  line["bytes"] = bytes;
  line["seconds"] = seconds(took);
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) line[name] = value;
  };
  add("principal", turn.noted.principal);
  add("component", turn.noted.component);
  add("export", turn.noted.function);
  if (turn.noted.call != call_id()) line["call"] = turn.noted.call.to_string();
  add("outcome", turn.noted.outcome);
  if (const auto agent = asked.field("user-agent")) line["agent"] = *agent;
  return wit::json_line(line);
}

}  // namespace holdfast::serve
