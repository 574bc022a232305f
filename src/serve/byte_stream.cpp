// SPDX-License-Identifier: Apache-2.0
#include "serve/byte_stream.hpp"

#include <boost/asio/ssl/stream.hpp>

namespace holdfast::serve {
namespace {

// The socket is there before the part that the base class refers to.
struct holds_socket {
  stream_socket held;
};

class plain final : private holds_socket, public byte_stream {
 public:
  explicit plain(stream_socket socket) : holds_socket{std::move(socket)}, byte_stream(held) {
    boost::system::error_code ignored;
    held.non_blocking(true, ignored);
  }

  task<io_result> shake_hands() override { co_return io_result(); }

  task<io_tuple> read_some(asio::mutable_buffer into) override {
    return held.async_read_some(into, use_tuple);
  }

  task<io_tuple> write_some(const gather& what) override { return held.async_write_some(what, use_tuple); }

  io_result write_now(const gather& what) noexcept override {
    io_result put;
    if (what[1].size() == 0)
      put.bytes = held.write_some(asio::const_buffers_1(what[0]), put.failed);
    else
      put.bytes = held.write_some(what, put.failed);
    return put;
  }

  task<void> end_writing() override {
    boost::system::error_code ignored;
    held.shutdown(stream_socket::shutdown_send, ignored);
    co_return;
  }
};

struct holds_tls {
  std::shared_ptr<asio::ssl::context> with;
  asio::ssl::stream<stream_socket> held;
};

class tls final : private holds_tls, public byte_stream {
 public:
  tls(stream_socket socket, const std::shared_ptr<asio::ssl::context>& context)
      : holds_tls{context, asio::ssl::stream<stream_socket>(std::move(socket), *context)},
        byte_stream(held.next_layer()) {}

  task<io_result> shake_hands() override {
    const auto [failed] = co_await held.async_handshake(asio::ssl::stream_base::server, use_tuple);
    co_return io_result{failed, 0};
  }

  task<io_tuple> read_some(asio::mutable_buffer into) override {
    const auto [failed, bytes] = co_await held.async_read_some(into, use_tuple);
    co_return io_tuple(failed == asio::ssl::error::stream_truncated ? asio::error::eof : failed, bytes);
  }

  // OpenSSL takes one buffer at a time; a record for the head of a small answer alone would be a waste.
  task<io_tuple> write_some(const gather& what) override {
    const bool one =
        what[0].size() == 0 || what[1].size() == 0 || what[0].size() + what[1].size() > both_.size();
    asio::const_buffer next = what[0].size() != 0 ? what[0] : what[1];
    if (!one) next = asio::buffer(both_.data(), asio::buffer_copy(asio::buffer(both_), what));
    co_return co_await held.async_write_some(next, use_tuple);
  }

  task<void> end_writing() override {
    co_await held.async_shutdown(use_tuple);
    boost::system::error_code ignored;
    held.next_layer().shutdown(stream_socket::shutdown_send, ignored);
  }

  std::string client_name() const override {
    X509* const shown = SSL_get1_peer_certificate(const_cast<tls*>(this)->held.native_handle());
    if (shown == nullptr) return {};
    std::array<char, 256> name{};
    const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name.data(),
                                                 static_cast<int>(name.size()));
    X509_free(shown);
    return length > 0 ? std::string(name.data(), static_cast<std::size_t>(length)) : std::string();
  }
  bool encrypted() const noexcept override { return true; }

 private:
  std::array<char, 4096> both_{};
};

}  // namespace

io_result byte_stream::write_now(const gather& /*what*/) noexcept { return {asio::error::would_block, 0}; }

void byte_stream::cancel() noexcept {
  boost::system::error_code ignored;
  lowest_.cancel(ignored);
}

void byte_stream::reset() noexcept {
  boost::system::error_code ignored;
  lowest_.set_option(asio::socket_base::linger(true, 0), ignored);
  lowest_.close(ignored);
}

std::unique_ptr<byte_stream> plain_stream(stream_socket socket) {
  return std::make_unique<plain>(std::move(socket));
}

std::unique_ptr<byte_stream> tls_stream(stream_socket socket, std::shared_ptr<asio::ssl::context> with) {
  return std::make_unique<tls>(std::move(socket), std::move(with));
}

}  // namespace holdfast::serve
