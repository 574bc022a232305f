// SPDX-License-Identifier: Apache-2.0
#include "serve/request_parser.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <cstring>
#include <limits>

#include "serve/ascii.hpp"

namespace holdfast::serve {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t longest_extension = 256;  // of one chunk
constexpr std::size_t most_overhead = 16U << 10;
constexpr std::size_t shortest_end = 5;  // of a chunked body: `0`, and two ends of lines

// Fields that two readers must not read two ways.
constexpr std::array<std::string_view, 11> single_fields{
    "host",   "content-length", "transfer-encoding", "content-type", "authorization", "idempotency-key",
    "origin", "traceparent",    "holdfast-deadline", "expect",       "range"};

http_method method_of(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, http_method>, 7> known{{{"GET", http_method::get},
                                                                           {"HEAD", http_method::head},
                                                                           {"POST", http_method::post},
                                                                           {"PUT", http_method::put},
                                                                           {"DELETE", http_method::del},
                                                                           {"OPTIONS", http_method::options},
                                                                           {"PATCH", http_method::patch}}};
  for (const auto& [word, method] : known)
    if (word == name) return method;
  return http_method::other;
}

std::string what_is_wrong(const boost::beast::error_code& failed) {
  if (failed == http::error::bad_method) return "the method is not a word";
  if (failed == http::error::bad_target) return "the target has characters that no target may have";
  if (failed == http::error::bad_field) return "the name of a field is not a word with a colon behind it";
  if (failed == http::error::bad_value) return "the value of a field has characters that none may have";
  if (failed == http::error::bad_content_length || failed == http::error::multiple_content_length)
    return "Content-Length is not one decimal number";
  if (failed == http::error::bad_transfer_encoding) return "Transfer-Encoding is not exactly `chunked`";
  if (failed == http::error::bad_chunk) return "the head of a chunk is not a hexadecimal number";
  if (failed == http::error::bad_chunk_extension) return "the extension of a chunk is malformed";
  return "it is not a request of HTTP/1.1";
}

// Whether a request line is one but for a version that is not spoken here.
bool ends_in_version(std::string_view line) noexcept {
  if (std::ranges::count(line, ' ') != 2) return false;
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && ascii::is_digit(version[5]) &&
         version[6] == '.' && ascii::is_digit(version[7]);
}

// Of a chunk's head or of trailers. Beast joins such lines, others end the field before them.
bool has_folded_line(std::string_view text) noexcept {
  return text.find("\r\n ") != std::string_view::npos || text.find("\r\n\t") != std::string_view::npos;
}

// Of the line that begins a chunk, where it has come. Beast would take a bare LF within a quotation, where
// others end the line, and look for a quotation's end in the lines that follow.
bool has_malformed_extension(std::string_view text) noexcept {
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return false;
  bool open = false;
  for (std::size_t i = 0; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
    if (text[i] == '"') open = !open;
    if (text[i] == '\\' && open && i + 1 < end && ascii::is_visible(text[i + 1])) ++i;
  }
  return open;
}

// RFC 3986, 3.2, without user information: a name or an address, and perhaps a port.
bool is_authority(std::string_view text) noexcept {
  if (text.empty()) return false;
  std::string_view host = text;
  std::string_view port;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    for (const char c : host)
      if (!ascii::hex_digit(c) && c != ':' && c != '.') return false;
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    host = text.substr(0, end);
    port = text.substr(end);
    if (host.empty()) return false;
    for (const char c : host)
      if (!ascii::is_letter(c) && !ascii::is_digit(c) && c != '-' && c != '.' && c != '_') return false;
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
  return !port.empty() && port.size() <= 5 && failed == std::errc() && end == port.data() + port.size() &&
         number <= 65535;
}

}  // namespace

request_parser::request_parser(const http_limits& limits, http_request& into)
    : limits_(limits), request_(into) {
  // The gateway's own bounds are told more clearly.
  body_limit(boost::none);
  header_limit(std::numeric_limits<std::uint32_t>::max());
}

void request_parser::refuse(error_code& failed, unsigned status, std::string why) {
  refused_ = http_refusal{status, std::move(why)};
  failed = http::error::bad_field;
}

void request_parser::on_request_impl(http::verb /*method*/, string_view name, string_view target, int version,
                                     error_code& /*failed*/) {
  request_.method_name = {name.data(), name.size()};
  request_.method = method_of(request_.method_name);
  request_.target = {target.data(), target.size()};
  request_.version = static_cast<unsigned>(version);
}

void request_parser::on_field_impl(http::field /*which*/, string_view name, string_view value,
                                   error_code& failed) {
  if (head_read_) {  // a trailer, which says nothing to us
    overhead_ += name.size() + value.size();
    if (overhead_ > most_overhead) refuse(failed, 400, "the trailers are too long");
    return;
  }
  // Both are parts of our copy of the head: Beast would join folded lines elsewhere, and there are none.
  char* const begin = request_.bytes.data() + (name.data() - request_.bytes.data());
  for (std::size_t i = 0; i < name.size(); ++i) begin[i] = ascii::lower(begin[i]);
  request_.fields.push_back({{begin, name.size()}, {value.data(), value.size()}});
}

void request_parser::on_header_impl(error_code& /*failed*/) { head_read_ = true; }

std::size_t request_parser::deliver(string_view body) {
  const std::size_t fits = std::min(body.size(), room_ - filled_);
  if (fits != 0) std::memcpy(into_ + filled_, body.data(), fits);
  filled_ += fits;
  body_bytes_ += fits;
  return fits;
}

std::size_t request_parser::on_body_impl(string_view body, error_code& /*failed*/) { return deliver(body); }

void request_parser::on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& failed) {
  chunk_left_ = size;
  overhead_ += extensions.size();
  if (extensions.size() > longest_extension || overhead_ > most_overhead)
    refuse(failed, 400, "the extensions of the chunks are too long");
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t /*remain*/, string_view body,
                                               error_code& /*failed*/) {
  const std::size_t taken = deliver(body);
  chunk_left_ -= taken;
  return taken;
}

std::optional<http_refusal> request_parser::read_head(std::string_view head) {
  error_code failed;
  request_.bytes.assign(head);
  const std::size_t used = put(boost::asio::buffer(request_.bytes), failed);
  if (refused_) return refused_;
  if (failed == http::error::bad_version)
    return ends_in_version(head.substr(0, head.find('\r')))
               ? http_refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"}
               : http_refusal{
                     400, "the request line is not a method, a target and a version with a blank between"};
  if (failed) return http_refusal{400, what_is_wrong(failed)};
  if (used != head.size() || !is_header_done()) return http_refusal{400, "it is not a request of HTTP/1.1"};
  return check();
}

std::optional<http_refusal> request_parser::check() {
  if (request_.target.size() > limits_.target_bytes)
    return http_refusal{414, "the target is longer than " + std::to_string(limits_.target_bytes) + " bytes"};
  if (auto wrong = check_single()) return wrong;
  if (auto wrong = check_host()) return wrong;
  if (auto wrong = check_framing()) return wrong;
  const std::string_view connection = request_.field("connection").value_or("");
  request_.keep_alive =
      request_.version == 11 ? !has_token(connection, "close") : has_token(connection, "keep-alive");
  if (const auto expects = request_.field("expect")) {
    if (!ascii::equal(*expects, "100-continue") || request_.version == 10)
      return http_refusal{417, "of what a client may expect only `100-continue` is known here"};
    request_.expects_continue = request_.framing != body_framing::none;
  }
  return std::nullopt;
}

std::optional<http_refusal> request_parser::check_single() const {
  for (const std::string_view name : single_fields)
    if (std::ranges::count(request_.fields, name, &http_field::name) > 1)
      return http_refusal{400, "the field " + std::string(name) + " stands more than once"};
  return std::nullopt;
}

std::optional<http_refusal> request_parser::check_host() {
  const auto host = request_.field("host");
  if (!host && request_.version == 11) return http_refusal{400, "the field Host is missing"};
  if (host && !is_authority(*host)) return http_refusal{400, "the field Host is not a name with a port"};
  if (host) ascii::lower_into(request_.host, *host);

  std::string_view& target = request_.target;
  if (target.starts_with('/')) {
  } else if (target == "*") {
    if (request_.method != http_method::options)
      return http_refusal{400, "the target `*` goes with OPTIONS alone"};
  } else if (const std::size_t scheme = target.find("://"); scheme != std::string_view::npos) {
    const std::string_view rest = target.substr(scheme + 3);
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view named = rest.substr(0, end);
    if (!is_authority(named) || (host && !ascii::equal(named, *host)))
      return http_refusal{400, "the target names another host than the field Host"};
    ascii::lower_into(request_.host, named);
    request_.moved.assign(rest.substr(end));
    if (!request_.moved.starts_with('/')) request_.moved.insert(0, 1, '/');
    target = request_.moved;
  } else {
    return http_refusal{400, "the target does not begin with a slash"};
  }
  if (target.find('#') != std::string_view::npos) return http_refusal{400, "the target has a fragment"};
  if (!is_percent_encoded(request_.path())) return http_refusal{400, "the path has a wrong percent sign"};
  return std::nullopt;
}

std::optional<http_refusal> request_parser::check_framing() {
  const auto encoding = request_.field("transfer-encoding");
  const auto length = request_.field("content-length");
  if (encoding) {
    if (request_.version == 10) return http_refusal{400, "Transfer-Encoding does not go with HTTP/1.0"};
    if (!ascii::equal(*encoding, "chunked"))
      return http_refusal{400, "Transfer-Encoding is not exactly `chunked`"};
    if (length) return http_refusal{400, "Transfer-Encoding and Content-Length stand together"};
    request_.framing = body_framing::chunked;
    return std::nullopt;
  }
  if (!length) return std::nullopt;
  std::uint64_t bytes = 0;
  const auto [end, failed] = std::from_chars(length->data(), length->data() + length->size(), bytes);
  if (failed != std::errc() || end != length->data() + length->size() || length->size() > 19 ||
      !ascii::is_digit(length->front()))
    return http_refusal{400, "Content-Length is not one decimal number"};
  request_.length = bytes;
  request_.framing = bytes == 0 ? body_framing::none : body_framing::length;
  return std::nullopt;
}

std::optional<std::string_view> request_parser::take_body(std::string_view wire) noexcept {
  if (request_.framing != body_framing::length || body_bytes_ != 0 || wire.size() < request_.length)
    return std::nullopt;
  was_taken_ = true;
  body_bytes_ = request_.length;
  return wire.substr(0, static_cast<std::size_t>(request_.length));
}

request_parser::taken request_parser::read_body(std::string_view wire, char* into, std::size_t room) {
  into_ = into;
  room_ = room;
  filled_ = 0;
  taken so_far;
  while (!done() && filled_ < room_) {
    error_code failed;
    const std::string_view rest = wire.substr(so_far.used);
    if (rest.empty()) break;
    if (chunked() && chunk_left_ == 0) {
      // Beast asserts that what it waits for has come so far.
      if (rest.size() < shortest_end) break;
      if (has_malformed_extension(rest)) {
        so_far.wrong = http_refusal{400, "the extension of a chunk is malformed"};
        break;
      }
    }
    const std::size_t before = filled_;
    const std::size_t used = put(boost::asio::const_buffer(rest.data(), rest.size()), failed);
    so_far.used += used;
    // Each `put` takes one head of a chunk, or the last with its trailers, or bytes of the body. The bound is
    // the same whether it came whole or is waited for.
    const bool waits = failed == http::error::need_more;
    if (!refused_ && (!failed || waits) &&
        (used - (filled_ - before) > limits_.head_bytes || (waits && rest.size() >= limits_.head_bytes)))
      refused_ = http_refusal{400, "the extensions of the chunks, or the trailers, are too long"};
    if (!refused_ && !failed && filled_ == before && has_folded_line(rest.substr(0, used)))
      refused_ =
          http_refusal{400, "a trailer goes on in the next line, which HTTP/1.1 does not allow any more"};
    if (refused_ || (failed && !waits)) {
      so_far.wrong = refused_ ? *refused_ : http_refusal{400, what_is_wrong(failed)};
      break;
    }
    if (waits || (used == 0 && filled_ == before)) break;
  }
  so_far.filled = filled_;
  return so_far;
}

}  // namespace holdfast::serve
