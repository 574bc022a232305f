// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <holdfast/error.hpp>
#include <memory>

#include "serve/config.hpp"

/// What TLS is spoken with: 1.2 or newer, the certificate of the server, and those of clients where they are
/// asked for.
namespace holdfast::serve {

/// @par Errors  `no_resources`: a file cannot be read or has no such thing in it; the detail names it
result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const tls_settings& settings);

}  // namespace holdfast::serve
