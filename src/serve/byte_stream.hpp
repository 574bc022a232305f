// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "serve/task.hpp"

/// The bytes of one connection: TCP or a unix socket, plain or through TLS. For the thread of its connection.
namespace holdfast::serve {

using stream_socket = asio::basic_stream_socket<asio::generic::stream_protocol, loop_executor>;
using gather = std::array<asio::const_buffer, 2>;

class byte_stream {
 public:
  explicit byte_stream(stream_socket& lowest) noexcept : lowest_(lowest) {}
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;
  virtual ~byte_stream() = default;

  /// Before anything else.
  virtual task<io_result> shake_hands() = 0;
  /// 0 bytes without an error do not come: the end is `asio::error::eof`.
  virtual task<io_tuple> read_some(asio::mutable_buffer into) = 0;
  virtual task<io_tuple> write_some(const gather& what) = 0;
  /// What can be written with nothing to wait for. `asio::error::would_block`: it is to be waited for.
  virtual io_result write_now(const gather& what) noexcept;
  /// Says that nothing more is written.
  virtual task<void> end_writing() = 0;
  /// Whom a certificate names, its common name; empty: there is none.
  virtual std::string client_name() const { return {}; }
  virtual bool encrypted() const noexcept { return false; }

  /// Ends what is being waited for.
  void cancel() noexcept;
  /// At once; what was not sent is lost, and the other side is told that it was.
  void reset() noexcept;
  stream_socket& lowest() noexcept { return lowest_; }

 private:
  stream_socket& lowest_;
};

std::unique_ptr<byte_stream> plain_stream(stream_socket socket);
std::unique_ptr<byte_stream> tls_stream(stream_socket socket, std::shared_ptr<asio::ssl::context> with);

}  // namespace holdfast::serve
