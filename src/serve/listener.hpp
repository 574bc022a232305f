// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <holdfast/error.hpp>
#include <memory>
#include <string>
#include <vector>

#include "serve/byte_stream.hpp"
#include "serve/config.hpp"

/// A socket that connections come in by.
namespace holdfast::serve {

class listener {
 public:
  using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, loop_executor>;

  /// Listens on an address; `systemd` stands for all that were handed over (sd_listen_fds(3)).
  /// @par Errors  `no_resources`; the detail names the address
  static result<std::vector<std::unique_ptr<listener>>> open(const listen_address& where,
                                                             asio::io_context& on);
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener();

  acceptor& from() noexcept { return from_; }
  const listen_address& where() const noexcept { return where_; }
  bool tcp() const noexcept { return where_.kind == listen_address::family::tcp; }

 private:
  listener(acceptor from, listen_address where);
  acceptor from_;
  listen_address where_;
  bool remove_ = false;  // the socket's file is ours
};

/// The address that a connection came from, without its port: `127.0.0.1`, `::1`, `unix`.
std::string peer_of(const asio::generic::stream_protocol::endpoint& from);

}  // namespace holdfast::serve
