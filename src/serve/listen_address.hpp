// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>
#include <string_view>

#include "serve/config.hpp"

/// Addresses to listen on, as people write them.
namespace holdfast::serve {

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `unix:/run/holdfast.sock` or `systemd`.
/// @par Errors  `errc::bad_arguments`
result<listen_address> parse_listen_address(std::string_view text);

/// Whether only this machine reaches it. What systemd hands over is not known before it does.
bool is_local(const listen_address& of);

/// Whether both cannot be listened on at once.
bool same_place(const listen_address& left, const listen_address& right);

}  // namespace holdfast::serve
