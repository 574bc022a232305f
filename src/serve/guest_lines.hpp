// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>
#include <holdfast/pool_options.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "serve/line_log.hpp"

/// What guests print, a line of JSON each line of theirs, escaped.
namespace holdfast::serve {

/// @par Thread safety  shared objects: safe
class guest_lines : public std::enable_shared_from_this<guest_lines> {
 public:
  /// As `line_log::open`.
  static result<std::shared_ptr<guest_lines>> open(const std::string& where);

  /// What pools and actors are given.
  guest_output output();
  result<void> reopen() { return to_->reopen(); }

 private:
  explicit guest_lines(std::shared_ptr<line_log> to) : to_(std::move(to)) {}
  void take(guest_stream stream, std::string_view untrusted);
  void tell(guest_stream stream, std::string_view line) const;

  const std::shared_ptr<line_log> to_;
  std::mutex mutex_;
  std::map<guest_stream, std::string> partial_;
};

}  // namespace holdfast::serve
