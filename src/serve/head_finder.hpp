// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "serve/config.hpp"
#include "serve/http_request.hpp"

/// Finds where the head of a request ends, as its bytes come, and refuses lines that two readers could
/// understand as two things. What is wrong is told before more is read.
namespace holdfast::serve {

class head_finder {
 public:
  explicit head_finder(const http_limits& limits) noexcept : limits_(limits) {}

  struct found {
    std::optional<std::size_t> size{};  ///< of the head with its empty line; nothing: it has not come whole
    std::optional<http_refusal> wrong{};
  };
  /// `bytes`: all that came of the head, what was given before included.
  /// @par Errors  400, 414, 431
  found look(std::string_view bytes);

  /// For the next request.
  void reset() noexcept { *this = head_finder(limits_); }

 private:
  std::optional<http_refusal> check_line(std::string_view line) const;
  std::optional<http_refusal> check_length(std::size_t size) const;

  // A pointer's worth of limits that outlive this: of the server.
  std::reference_wrapper<const http_limits> limits_;
  std::size_t line_ = 0;   // where the line begins that has not come whole
  std::size_t lines_ = 0;  // that came
};

}  // namespace holdfast::serve
