// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/config.hpp"
#include "serve/http_request.hpp"
#include "serve/http_turn.hpp"

/// Who may come in, and from where.
///
/// Three questions: who is it (a bearer token, a certificate), did a browser bring it for a page that is not
/// ours (`Host`, `Origin`), and may they do that. A server on loopback without tokens is open to every page
/// that its user looks at, but for the second.
namespace holdfast::serve {

/// Who sent a request.
struct principal {
  std::string name{};  ///< empty where nobody has to say who it is
  rights may{};
};

/// @par Thread safety  shared objects: safe
class doorkeeper {
 public:
  explicit doorkeeper(const server_settings& settings);

  /// Whether those who call have to say who they are.
  bool asks() const noexcept { return !known_.empty(); }

  /// Who it is; nothing: nobody who is known (401).
  std::optional<principal> recognize(const http_turn& turn) const;

  /// Why a request may be one that a browser sends for a page of somebody else.
  std::optional<http_refusal> check_origin(const http_request& request, bool encrypted) const;

  /// The page that may read the answer; empty: none but our own.
  std::string allowed_origin(const http_request& request) const;

 private:
  using digest = std::array<std::uint8_t, 32>;
  struct entry {
    std::optional<digest> token;
    std::string subject;
    principal who;
  };
  bool known_host(std::string_view host) const;

  std::vector<entry> known_;
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
};

}  // namespace holdfast::serve
