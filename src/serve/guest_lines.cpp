// SPDX-License-Identifier: Apache-2.0
#include "serve/guest_lines.hpp"

#include <boost/json/object.hpp>

#include "serve/access_log.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

constexpr std::size_t longest_line = 16U << 10;  // while its end has not come

}  // namespace

result<std::shared_ptr<guest_lines>> guest_lines::open(const std::string& where) {
  auto to = line_log::open(where);
  if (!to) return to.error();
  return std::shared_ptr<guest_lines>(new guest_lines(*std::move(to)));
}

guest_output guest_lines::output() {
  if (to_->off()) return {};
  return [self = shared_from_this()](guest_stream stream, std::string_view untrusted) {
    self->take(stream, untrusted);
  };
}

void guest_lines::take(guest_stream stream, std::string_view untrusted) {
  const std::scoped_lock lock(mutex_);
  std::string& line = partial_[stream];
  for (const char c : untrusted) {
    if (c == '\n' || line.size() >= longest_line) {
      tell(stream, line);
      line.clear();
    }
    if (c != '\n') line.push_back(c);
  }
}

void guest_lines::tell(guest_stream stream, std::string_view line) const {
  boost::json::object told;
  told["time"] = log_time(std::chrono::system_clock::now());
  told["stream"] = stream == guest_stream::out ? "stdout" : "stderr";
  told["text"] = wit::escape_line(line);
  to_->write(wit::json_line(told));
}

}  // namespace holdfast::serve
