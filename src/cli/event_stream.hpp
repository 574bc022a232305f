// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

/// Reads `text/event-stream` from pieces that may be cut anywhere.
namespace holdfast::cli {

class event_stream {
 public:
  using heard = std::function<void(const std::string& event, const std::string& data)>;
  explicit event_stream(heard then) : then_(std::move(then)) {}

  /// False: an event is longer than any that a server sends; nothing more is read.
  bool push(std::string_view piece);

 private:
  void line(std::string_view text);

  heard then_;
  std::string rest_;
  std::string event_;
  std::string data_;
};

}  // namespace holdfast::cli
