// SPDX-License-Identifier: Apache-2.0
#include "serve/listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdlib>
#include <cstring>

namespace holdfast::serve {
namespace {

using protocol = asio::generic::stream_protocol;

constexpr int first_handed_over = 3;  // sd_listen_fds(3)

error cannot(const listen_address& where, const std::string& why) {
  return {errc::no_resources, "cannot listen on " + where.text + ": " + why};
}

// Left behind by a process that is gone: nobody answers there.
void remove_stale(const std::string& path) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  asio::io_context context;
  asio::local::stream_protocol::socket probe(context);
  boost::system::error_code failed;
  probe.connect(asio::local::stream_protocol::endpoint(path), failed);
  if (failed == asio::error::connection_refused) ::unlink(path.c_str());
}

listen_address address_of(const protocol::endpoint& bound) {
  listen_address where;
  const auto* const raw = static_cast<const sockaddr*>(bound.data());
  if (raw->sa_family == AF_UNIX) {
    where.kind = listen_address::family::unix_socket;
    const auto* const local = reinterpret_cast<const sockaddr_un*>(raw);
    where.path.assign(local->sun_path, strnlen(local->sun_path, sizeof local->sun_path));
    where.text = "unix:" + where.path;
    return where;
  }
  const bool six = raw->sa_family == AF_INET6;
  where.host = peer_of(bound);
  where.port = ntohs(six ? reinterpret_cast<const sockaddr_in6*>(raw)->sin6_port
                         : reinterpret_cast<const sockaddr_in*>(raw)->sin_port);
  where.text = (six ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
  return where;
}

result<std::vector<listener::acceptor>> handed_over(const listen_address& where, asio::io_context& on) {
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::strtol(pid, nullptr, 10) != getpid())
    return cannot(where, "no socket was handed over (LISTEN_FDS)");
  std::vector<listener::acceptor> all;
  for (int i = 0; i < std::atoi(count); ++i) {
    const int fd = first_handed_over + i;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    int family = 0;
    socklen_t size = sizeof family;
    int listening = 0;
    socklen_t flag_size = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag_size) != 0 || listening == 0)
      return cannot(where, "descriptor " + std::to_string(fd) + " is not a socket that listens");
    listener::acceptor made(on.get_executor());
    boost::system::error_code failed;
    made.assign(protocol(family, family == AF_UNIX ? 0 : IPPROTO_TCP), fd, failed);
    if (failed) return cannot(where, failed.message());
    all.push_back(std::move(made));
  }
  return all;
}

}  // namespace

listener::listener(acceptor from, listen_address where) : from_(std::move(from)), where_(std::move(where)) {}

listener::~listener() {
  if (remove_) ::unlink(where_.path.c_str());
}

result<std::vector<std::unique_ptr<listener>>> listener::open(const listen_address& where,
                                                              asio::io_context& on) {
  std::vector<std::unique_ptr<listener>> all;
  boost::system::error_code failed;
  if (where.kind == listen_address::family::inherited) {
    auto handed = handed_over(where, on);
    if (!handed) return handed.error();
    for (acceptor& each : *handed) {
      const auto bound = each.local_endpoint(failed);
      all.push_back(std::unique_ptr<listener>(new listener(std::move(each), address_of(bound))));
    }
    return all;
  }
  protocol::endpoint at;
  if (where.kind == listen_address::family::unix_socket) {
    if (where.path.size() >= sizeof(sockaddr_un::sun_path)) return cannot(where, "the path is too long");
    remove_stale(where.path);
    at = asio::local::stream_protocol::endpoint(where.path);
  } else {
    const auto address = asio::ip::make_address(where.host, failed);
    if (failed) return cannot(where, "`" + where.host + "` is not an address");
    at = asio::ip::tcp::endpoint(address, where.port);
  }
  acceptor made(on.get_executor());
  made.open(at.protocol(), failed);
  if (!failed && where.kind == listen_address::family::tcp)
    made.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) made.bind(at, failed);
  if (!failed) made.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return cannot(where, failed.message());
  const auto bound = made.local_endpoint(failed);
  const bool ours = where.kind == listen_address::family::unix_socket;
  all.push_back(std::unique_ptr<listener>(new listener(std::move(made), ours ? where : address_of(bound))));
  all.back()->remove_ = ours;
  return all;
}

std::string peer_of(const protocol::endpoint& from) {
  const auto* const raw = static_cast<const sockaddr*>(from.data());
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (from.size() >= sizeof(sockaddr_in) && raw->sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(raw)->sin_addr, text.data(), text.size());
  else if (from.size() >= sizeof(sockaddr_in6) && raw->sa_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(raw)->sin6_addr, text.data(), text.size());
  else
    return "unix";
  return text.data();
}

}  // namespace holdfast::serve
