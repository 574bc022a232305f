// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "serve/ledger.hpp"
#include "serve/on_behalf.hpp"

/// A ledger whose clock and events are the test's.
namespace holdfast::serve::testing_support {

class fed_ledger {
 public:
  explicit fed_ledger(ledger_bounds bounds = {})
      : of(bounds, {.steady = [this] { return time_point(now); },
                    .wall =
                        [this] {
                          return std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000)) +
                                 std::chrono::duration_cast<std::chrono::system_clock::duration>(now);
                        }}) {}

  /// Accepted, of hello's greet.
  call_id accept(std::string_view component = "hello", std::string_view actor = {}, bool keyed = false) {
    const call_id id{.high = 7, .low = ++last_};
    of.on_asked(id, {.where = {component, actor}, .function = "greet", .keyed = keyed, .bytes = 3});
    of.on_accepted(id);
    return id;
  }
  call_id start(std::uint32_t cell = 0, std::uint64_t generation = 1) {
    const call_id id = accept();
    of.on_started(id, cell, generation);
    return id;
  }
  call_id end(outcome what = outcome::completed) {
    const call_id id = start();
    of.on_done(id, what);
    return id;
  }

  duration now{};
  ledger of;

 private:
  std::uint64_t last_ = 0;
};

inline const boost::json::array& array_in(const ledger_news& news, const char* name) {
  return news.content.at(name).as_array();
}
inline const boost::json::object& first_in(const ledger_news& news, const char* name) {
  return array_in(news, name).at(0).as_object();
}
inline std::string text_in(const boost::json::object& of, const char* name) {
  return std::string(of.at(name).as_string());
}
inline std::uint64_t number_in(const boost::json::object& of, const char* name) {
  return of.at(name).to_number<std::uint64_t>();
}
inline std::uint64_t total_of(const ledger_news& news, const char* name) {
  return number_in(news.content.at("totals").as_object(), name);
}

}  // namespace holdfast::serve::testing_support
