// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <holdfast/call_id.hpp>
#include <holdfast/guest_output.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// What guests print, in lines.
namespace holdfast::serve {

/// A line without its end. Its text is untrusted.
struct guest_line {
  std::string_view component{};
  guest_stream stream = guest_stream::out;
  call_id call{};  ///< as `guest_text::call`
  std::string_view untrusted{};
};

/// Puts together what comes in pieces: those of one instance's stream, and of one call. A line that gets long
/// is cut; what has no end is told when another call prints there, and when this ends.
///
/// @par Thread safety  shared objects: safe; the sink is called by one thread at a time
class guest_lines : public std::enable_shared_from_this<guest_lines> {
 public:
  using sink = std::function<void(const guest_line&)>;
  static std::shared_ptr<guest_lines> to(sink take) {
    return std::shared_ptr<guest_lines>(new guest_lines(std::move(take)));
  }
  guest_lines(const guest_lines&) = delete;
  guest_lines& operator=(const guest_lines&) = delete;
  ~guest_lines();

  /// What the pool or the actors of that name are given.
  guest_output output(std::string component);

 private:
  struct source {
    std::string component;
    std::uint32_t cell;
    guest_stream stream;
    friend auto operator<=>(const source&, const source&) = default;
  };
  struct part {
    call_id call{};
    std::string text{};
  };
  explicit guest_lines(sink take) : take_(std::move(take)) {}
  void add(const std::string& component, const guest_text& piece);
  void tell(const source& from, part& line) const;

  const sink take_;
  std::mutex mutex_;
  std::map<source, part> partial_;
};

/// A line for logs: JSON, escaped.
std::string log_line(const guest_line& what);

}  // namespace holdfast::serve
