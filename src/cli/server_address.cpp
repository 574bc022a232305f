// SPDX-License-Identifier: Apache-2.0
#include "cli/server_address.hpp"

#include <sys/un.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "serve/ascii.hpp"

namespace holdfast::cli {
namespace {

namespace ascii = serve::ascii;

constexpr std::string_view plain = "http://";
constexpr std::string_view encrypted = "https://";
constexpr std::string_view unix_socket = "unix:";

// What is put into the head of a request must not end its line.
bool may_stand(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return ascii::is_visible(c); });
}

}  // namespace

std::string server_address::authority() const {
  if (kind == family::unix_socket) return "localhost";
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const bool usual = port == (kind == family::https ? "443" : "80");
  return usual ? name : name + ":" + port;
}

bool server_address::is_local() const {
  if (kind == family::unix_socket || host == "localhost") return true;
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(host, failed);
  return !failed && address.is_loopback();
}

bool names_server(std::string_view text) noexcept {
  return text.starts_with(plain) || text.starts_with(encrypted) || text.starts_with(unix_socket);
}

result<server_address> parse_server_address(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return error(errc::bad_arguments, "`" + std::string(text) + "` " + why);
  };
  server_address read;
  read.text = text;
  if (text.starts_with(unix_socket)) {
    read.kind = server_address::family::unix_socket;
    read.path = text.substr(unix_socket.size());
    if (read.path.empty()) return refuse("names no socket; write unix:/run/holdfast.sock");
    if (read.path.find('\0') != std::string::npos) return refuse("has a NUL character in it");
    if (read.path.size() >= sizeof(sockaddr_un::sun_path))
      return refuse("is too long; a socket's path has at most " +
                    std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    return read;
  }
  if (!names_server(text))
    return refuse("is no address of a server; write http://HOST:PORT, https://HOST:PORT or unix:PATH");
  if (!may_stand(text)) return refuse("has a character that no address has");
  read.kind = text.starts_with(encrypted) ? server_address::family::https : server_address::family::http;
  const bool tls = read.kind == server_address::family::https;
  std::string_view rest = text.substr(tls ? encrypted.size() : plain.size());
  const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view target = rest.substr(slash);
  if (target.find('#') != std::string_view::npos) return refuse("has a fragment, which no server sees");
  if (!target.empty() && target != "/") read.target = target;
  rest = rest.substr(0, slash);
  if (rest.find('@') != std::string_view::npos)
    return refuse("has a user in it; a token is given by $HOLDFAST_TOKEN or --token-file");
  std::string_view port = tls ? "443" : "80";
  std::size_t end = rest.find(':');
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return refuse("has a bracket that does not close");
    read.host = rest.substr(1, close - 1);
    rest = rest.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return refuse("has something behind its bracket");
    end = rest.empty() ? std::string_view::npos : 0;
  } else {
    read.host = rest.substr(0, std::min(end, rest.size()));
  }
  if (end != std::string_view::npos) port = rest.substr(end + 1);
  std::uint16_t number = 0;
  const auto [past, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (failed != std::errc() || past != port.data() + port.size() || number == 0)
    return refuse("has no port from 1 to 65535");
  if (read.host.empty()) return refuse("names no host");
  read.port = std::to_string(number);
  return read;
}

std::string in_path(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char c : name) {
    if (ascii::is_digit(c) || ascii::is_letter(c) ||
        std::string_view("-._~").find(c) != std::string_view::npos) {
      made += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    made += '%';
    made += digits[byte >> 4U];
    made += digits[byte & 15U];
  }
  return made;
}

}  // namespace holdfast::cli
