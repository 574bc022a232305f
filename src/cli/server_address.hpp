// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/error.hpp>
#include <string>
#include <string_view>

/// Where a server is, as people write it.
namespace holdfast::cli {

struct server_address {
  enum class family : std::uint8_t { http, https, unix_socket };
  family kind = family::http;
  std::string host{};    ///< a name or an address, without brackets
  std::string port{};    ///< as digits
  std::string path{};    ///< of the socket
  std::string target{};  ///< what is asked for there; empty: the address names the server alone
  std::string text{};    ///< as it was written

  /// What the field `Host` says.
  std::string authority() const;
  /// Whether only this machine hears what is said.
  bool is_local() const;
};

/// `http://127.0.0.1:8080`, `https://example.org/v1/call/hello/greet` or `unix:/run/holdfast.sock`.
/// @par Errors  `errc::bad_arguments`
result<server_address> parse_server_address(std::string_view text);

/// Whether the text means a server and no file.
bool names_server(std::string_view text) noexcept;

/// A name as one piece of a path: what has a meaning there becomes `%2F` and the like.
std::string in_path(std::string_view name);

}  // namespace holdfast::cli
