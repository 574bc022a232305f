// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.hpp"

#include <ostream>  // Boost 1.81 needs it, and does not include it
//
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace holdfast::cli {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using stream_socket = asio::generic::stream_protocol::socket;
using parser = http::response_parser<http::string_body>;

constexpr std::uint64_t longest_body = 64U << 20;
constexpr std::uint32_t longest_head = 64U << 10;

}  // namespace

class http_connection::impl : public std::enable_shared_from_this<impl> {
 public:
  impl(asio::io_context& on, const server_access& to)
      : on_(on), to_(to), socket_(on), names_(on), timer_(on) {
    if (to.where.kind != server_address::family::https) return;
    tls_context_.emplace(asio::ssl::context::tls_client);
    tls_context_->set_default_verify_paths();
    tls_context_->set_verify_mode(asio::ssl::verify_peer);
    tls_context_->set_verify_callback(asio::ssl::host_name_verification(to.where.host));
  }

  void begin(http_question what, duration limit, heard piece, told then) {
    limit_ = limit;
    piece_ = std::move(piece);
    then_ = std::move(then);
    answer_ = {};
    given_up_ = nullptr;
    write_request(std::move(what));
    may_repeat_ = open_ && request_.method() == http::verb::get;
    ++turn_;
    watch();
    asio::post(on_, [self = shared_from_this(), turn = turn_] {
      if (turn != self->turn_ || !self->then_) return;
      if (self->open_)
        self->send();
      else
        self->open();
    });
  }

  // The other side sees a reset at once, not the end of what was said.
  void reset() {
    if (socket_.is_open()) {
      error_code ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    give_up("the connection was reset");
  }

  void forget() {
    then_ = nullptr;
    piece_ = nullptr;
    ++turn_;
    close();
    timer_.cancel();
    names_.cancel();
  }

 private:
  void write_request(http_question what) {
    request_ = {};
    request_.version(11);
    request_.method_string(what.method);
    request_.target(what.target);
    request_.set(http::field::host, to_.where.authority());
    request_.set(http::field::user_agent, "holdfast/" HOLDFAST_VERSION);
    if (!to_.token.empty()) request_.set(http::field::authorization, "Bearer " + to_.token);
    if (!what.deadline.empty()) request_.set("Holdfast-Deadline", what.deadline);
    if (what.method != "POST") return;
    request_.set(http::field::content_type, "application/json");
    request_.body() = std::move(what.body);
    request_.prepare_payload();
  }

  void watch() {
    if (limit_ == no_limit) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit_));
    timer_.async_wait([self = shared_from_this(), turn = turn_](error_code failed) {
      if (failed || turn != self->turn_ || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
      self->give_up("no answer came in time");
    });
  }

  void give_up(const char* why) {
    if (!then_) return close();
    given_up_ = why;
    close();
    names_.cancel();
    finish_failed({});
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
    open_ = false;  // what waits on `tls_` may still look at it: it stays until the next one
  }

  // Handlers of a question that is over do nothing.
  template <class Do>
  auto mine(Do what) {
    return
        [self = shared_from_this(), turn = turn_, what = std::move(what)](error_code failed, auto&&... more) {
          if (turn != self->turn_ || !self->then_) return;
          what(*self, failed, more...);
        };
  }

  void open() {
    buffer_.clear();
    if (to_.where.kind == server_address::family::unix_socket) {
      places_ = {asio::local::stream_protocol::endpoint(to_.where.path)};
      return connect(0);
    }
    names_.async_resolve(to_.where.host, to_.where.port,
                         mine([](impl& self, error_code failed, const auto& found) {
                           if (failed) return self.finish_failed(failed);
                           self.places_.clear();
                           for (const auto& each : found) self.places_.emplace_back(each.endpoint());
                           self.connect(0);
                         }));
  }

  void connect(std::size_t which) {
    if (which >= places_.size()) return finish_failed(asio::error::host_not_found);
    error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(places_[which], mine([which](impl& self, error_code failed) {
                            if (failed && which + 1 < self.places_.size()) return self.connect(which + 1);
                            if (failed) return self.finish_failed(failed);
                            self.connected();
                          }));
  }

  void connected() {
    open_ = true;
    error_code ignored;
    if (to_.where.kind != server_address::family::unix_socket)
      socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (!tls_context_) return send();
    tls_.emplace(socket_, *tls_context_);
    // An address is not a name, and no server has a certificate by it (RFC 6066, 3).
    asio::ip::make_address(to_.where.host, ignored);
    if (ignored) ::SSL_set_tlsext_host_name(tls_->native_handle(), to_.where.host.c_str());
    tls_->async_handshake(asio::ssl::stream_base::client, mine([](impl& self, error_code failed) {
                            if (failed) return self.finish_failed(failed);
                            self.send();
                          }));
  }

  template <class Do>
  void on_stream(Do what) {
    if (tls_)
      what(*tls_);
    else
      what(socket_);
  }

  void send() {
    answer_.sent = true;
    on_stream([this](auto& stream) {
      http::async_write(stream, request_, mine([](impl& self, error_code failed, std::size_t) {
                          if (failed) return self.lost(failed);
                          self.read();
                        }));
    });
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(longest_head);
    parser_->body_limit(longest_body);
    if (piece_) return read_head();
    on_stream([this](auto& stream) {
      http::async_read(stream, buffer_, *parser_, mine([](impl& self, error_code failed, std::size_t) {
                         if (failed) return self.lost(failed);
                         self.finish(std::move(self.parser_->get().body()));
                       }));
    });
  }

  void read_head() {
    on_stream([this](auto& stream) {
      http::async_read_header(stream, buffer_, *parser_, mine([](impl& self, error_code failed, std::size_t) {
                                if (failed) return self.lost(failed);
                                // A stream of events has no end, and a problem is no stream.
                                if (self.parser_->get().result_int() == 200) {
                                  self.parser_->body_limit(boost::none);
                                }
                                self.read_piece();
                              }));
    });
  }

  void read_piece() {
    if (parser_->is_done()) return finish({});
    on_stream([this](auto& stream) {
      http::async_read_some(stream, buffer_, *parser_, mine([](impl& self, error_code failed, std::size_t) {
                              if (failed) return self.lost(failed);
                              self.watch();
                              const std::string piece = std::exchange(self.parser_->get().body(), {});
                              const auto kept = self.piece_;  // whom it tells may end this
                              if (!piece.empty()) kept(self.parser_->get().result_int(), piece);
                              if (self.then_) self.read_piece();
                            }));
    });
  }

  // The server closed a connection that was kept for the next question, before it was asked.
  void lost(error_code failed) {
    const bool again = may_repeat_ && (!parser_ || !parser_->got_some());
    close();
    if (!again) return finish_failed(failed);
    may_repeat_ = false;
    parser_.reset();
    answer_.sent = false;
    open();
  }

  void finish(std::string body) {
    answer_.status = parser_->get().result_int();
    answer_.body = std::move(body);
    if (!parser_->keep_alive()) close();
    tell();
  }

  void finish_failed(error_code failed) {
    close();
    answer_.why = given_up_ != nullptr ? given_up_ : failed.message();
    tell();
  }

  void tell() {
    timer_.cancel();
    piece_ = nullptr;
    ++turn_;
    const told then = std::exchange(then_, nullptr);
    // Not in here: who resets or asks anew does not expect it.
    asio::post(on_, [then, told = std::move(answer_)]() mutable { then(std::move(told)); });
  }

  asio::io_context& on_;
  const server_access to_;
  std::optional<asio::ssl::context> tls_context_;
  stream_socket socket_;
  std::optional<asio::ssl::stream<stream_socket&>> tls_;
  asio::ip::tcp::resolver names_;
  asio::steady_timer timer_;
  std::vector<asio::generic::stream_protocol::endpoint> places_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  std::optional<parser> parser_;
  duration limit_{};
  heard piece_;
  told then_;
  http_reply answer_;
  const char* given_up_ = nullptr;
  bool open_ = false;
  bool may_repeat_ = false;
  std::uint64_t turn_ = 0;  // of questions: what an old one hears late is nobody's
};

http_connection::http_connection(asio::io_context& on, const server_access& to)
    : impl_(std::make_shared<impl>(on, to)) {}

http_connection::~http_connection() { impl_->forget(); }

void http_connection::ask(http_question what, duration limit, told then) {
  impl_->begin(std::move(what), limit, nullptr, std::move(then));
}

void http_connection::listen(http_question what, duration limit, heard piece, told then) {
  impl_->begin(std::move(what), limit, std::move(piece), std::move(then));
}

void http_connection::reset() { impl_->reset(); }

http_reply ask(const server_access& to, http_question what, duration limit) {
  asio::io_context loop;
  http_connection connection(loop, to);
  http_reply answer;
  connection.ask(std::move(what), limit, [&](http_reply told) { answer = std::move(told); });
  loop.run();
  return answer;
}

}  // namespace holdfast::cli
