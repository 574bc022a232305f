// SPDX-License-Identifier: Apache-2.0
#include "serve/guest_lines.hpp"

#include <boost/json/object.hpp>

#include "serve/access_log.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

constexpr std::size_t longest_line = 16U << 10;  // while its end has not come
constexpr std::size_t most_unfinished = 1024;    // lines; instances come and go, and each may leave one

}  // namespace

guest_lines::~guest_lines() {
  for (auto& [from, line] : partial_) tell(from, line);
}

guest_output guest_lines::output(std::string component) {
  return [self = shared_from_this(), component = std::move(component)](const guest_text& piece) {
    self->add(component, piece);
  };
}

void guest_lines::add(const std::string& component, const guest_text& piece) {
  const std::scoped_lock lock(mutex_);
  const auto at = partial_.try_emplace({component, piece.from.cell, piece.stream}).first;
  part& line = at->second;
  if (line.call != piece.call && !line.text.empty()) tell(at->first, line);
  line.call = piece.call;
  for (const char c : piece.untrusted) {
    if (c == '\n' || line.text.size() >= longest_line) tell(at->first, line);
    if (c != '\n') line.text.push_back(c);
  }
  if (line.text.empty()) {
    partial_.erase(at);
  } else if (partial_.size() > most_unfinished) {
    const auto other = at != partial_.begin() ? partial_.begin() : std::next(at);
    tell(other->first, other->second);
    partial_.erase(other);
  }
}

void guest_lines::tell(const source& from, part& line) const {
  take_({from.component, from.stream, line.call, line.text});
  line.text.clear();
}

std::string log_line(const guest_line& what) {
  boost::json::object told;
  told["time"] = log_time(std::chrono::system_clock::now());
  told["component"] = what.component;
  if (what.call != call_id()) told["call"] = what.call.to_string();
  told["stream"] = what.stream == guest_stream::out ? "stdout" : "stderr";
  told["text"] = wit::escape_line(what.untrusted);
  return wit::json_line(told);
}

}  // namespace holdfast::serve
