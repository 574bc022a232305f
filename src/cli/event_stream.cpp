// SPDX-License-Identifier: Apache-2.0
#include "cli/event_stream.hpp"

namespace holdfast::cli {
namespace {

constexpr std::size_t longest_event = 64U << 20;

}  // namespace

bool event_stream::push(std::string_view piece) {
  // What was searched before has no end of a line.
  std::size_t from = 0;
  for (std::size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n', from)) {
    rest_.append(piece.substr(from, end - from));
    from = end + 1;
    if (rest_.ends_with('\r')) rest_.pop_back();
    const std::string whole = std::exchange(rest_, {});
    line(whole);
  }
  rest_.append(piece.substr(from));
  return rest_.size() + data_.size() <= longest_event;
}

void event_stream::line(std::string_view text) {
  if (text.empty()) {
    const std::string event = std::exchange(event_, {});
    const std::string data = std::exchange(data_, {});
    if (!data.empty()) then_(event, data);
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") {
    event_ = value;
  } else if (name == "data") {
    if (!data_.empty()) data_ += '\n';
    data_ += value;
  }
}

}  // namespace holdfast::cli
