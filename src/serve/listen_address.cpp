// SPDX-License-Identifier: Apache-2.0
#include "serve/listen_address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <string>

namespace holdfast::serve {
namespace {

using address_bytes = std::array<unsigned char, sizeof(in6_addr)>;

bool reads_as(int family, const std::string& host, address_bytes& to) {
  return ::inet_pton(family, host.c_str(), to.data()) == 1;
}

}  // namespace

result<listen_address> parse_listen_address(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return error(errc::bad_arguments, "`" + std::string(text) + "` " + why);
  };
  if (text.find('\0') != std::string_view::npos) return refuse("has a NUL character in it");
  listen_address read;
  read.text = text;
  if (text == "systemd") {
    read.kind = listen_address::family::inherited;
    return read;
  }
  if (text.starts_with("unix:")) {
    read.kind = listen_address::family::unix_socket;
    read.path = text.substr(5);
    if (read.path.empty()) return refuse("names no socket; write unix:/run/holdfast.sock");
    if (read.path.size() >= sizeof(sockaddr_un::sun_path))
      return refuse("is too long; a socket's path has at most " +
                    std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    return read;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return refuse("is no address such as 127.0.0.1:8080, [::1]:8080, unix:/run/holdfast.sock or systemd");
  const std::string_view port = text.substr(colon + 1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), read.port);
  if (port.empty() || failed != std::errc{} || end != port.data() + port.size())
    return refuse("has no port from 0 to 65535 at its end");
  std::string host(text.substr(0, colon));
  address_bytes bytes{};
  if (host == "localhost") {
    read.host = "127.0.0.1";
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
             reads_as(AF_INET6, host.substr(1, host.size() - 2), bytes)) {
    read.host = host.substr(1, host.size() - 2);
  } else if (reads_as(AF_INET, host, bytes)) {
    read.host = std::move(host);
  } else if (reads_as(AF_INET6, host, bytes)) {
    return refuse("has to be [" + host + "]:" + std::string(port));
  } else if (host.empty() || host == "*") {
    return refuse("names no address; write 0.0.0.0:" + std::string(port) + " or [::]:" + std::string(port) +
                  " for all of them");
  } else {
    return refuse("is no address: a name is not looked up");
  }
  return read;
}

bool is_local(const listen_address& of) {
  if (of.kind != listen_address::family::tcp) return true;
  address_bytes bytes{};
  if (reads_as(AF_INET, of.host, bytes)) return bytes[0] == 127;
  if (!reads_as(AF_INET6, of.host, bytes)) return false;
  const auto* six = reinterpret_cast<const in6_addr*>(bytes.data());
  return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && bytes[12] == 127);
}

bool same_place(const listen_address& left, const listen_address& right) {
  if (left.kind != right.kind) return false;
  if (left.kind == listen_address::family::inherited) return true;
  if (left.kind == listen_address::family::unix_socket) return left.path == right.path;
  if (left.port != right.port || left.port == 0) return false;
  for (const int family : {AF_INET, AF_INET6}) {
    address_bytes one{};
    address_bytes other{};
    if (reads_as(family, left.host, one) && reads_as(family, right.host, other)) return one == other;
  }
  return false;
}

}  // namespace holdfast::serve
