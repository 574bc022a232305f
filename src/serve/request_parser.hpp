// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "serve/config.hpp"
#include "serve/http_request.hpp"

/// Reads one request from bytes as they come. Beast tells the words apart; what it lets pass and should not,
/// is refused here.
///
/// Refused, though Beast would take it: a `Transfer-Encoding` that is not exactly `chunked` or that comes
/// with HTTP/1.0 or a `Content-Length`, lengths that are lists or repeated, folded lines, bare CR and LF, a
/// missing, repeated or malformed `Host`, fields that may stand once and stand twice, long chunk extensions
/// and trailers. RFC 9112; each is a known way to smuggle a request past a proxy.
namespace holdfast::serve {

class request_parser final : public boost::beast::http::basic_parser<true> {
 public:
  /// Both outlive it. `into` is empty.
  request_parser(const http_limits& limits, http_request& into);

  /// Reads a head that `head_finder` found. Once.
  std::optional<http_refusal> read_head(std::string_view head);

  /// Reads of the body: what of `wire` was used, and how much of `into` was filled.
  struct taken {
    std::size_t used = 0;
    std::size_t filled = 0;
    std::optional<http_refusal> wrong{};
  };
  taken read_body(std::string_view wire, char* into, std::size_t room);

  /// All of the body, where it is not in chunks and `wire` has it; it is used then. Instead of `read_body`.
  std::optional<std::string_view> take_body(std::string_view wire) noexcept;

  /// Whether all of the body has come.
  bool done() const noexcept { return was_taken_ || is_done(); }
  std::uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb method, string_view name, string_view target, int version,
                       error_code& failed) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field which, string_view name, string_view value,
                     error_code& failed) override;
  void on_header_impl(error_code& failed) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code& failed) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& failed) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& failed) override;
  void on_finish_impl(error_code&) override {}

  void refuse(error_code& failed, unsigned status, std::string why);
  std::optional<http_refusal> check();
  std::optional<http_refusal> check_framing();
  std::optional<http_refusal> check_host();
  std::optional<http_refusal> check_single() const;
  std::size_t deliver(string_view body);

  const http_limits& limits_;
  http_request& request_;
  std::optional<http_refusal> refused_;
  bool head_read_ = false;
  bool was_taken_ = false;
  std::size_t overhead_ = 0;  // chunk extensions and trailers
  std::uint64_t body_bytes_ = 0;
  std::uint64_t chunk_left_ = 0;  // of the body's chunk that is read
  char* into_ = nullptr;
  std::size_t room_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace holdfast::serve
