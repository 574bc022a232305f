// SPDX-License-Identifier: Apache-2.0
#include "serve/raw_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace holdfast::testing_support {
namespace {

constexpr int longest_wait_ms = 60'000;  // whoever waits so long waits for ever

std::string lowered(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return small;
}

}  // namespace

raw_client::raw_client(std::uint16_t port, int room)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (room != 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::system_error(errno, std::generic_category(), "connect");
}

raw_client::raw_client(const std::string& unix_path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, unix_path.c_str(), unix_path.size() + 1);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::system_error(errno, std::generic_category(), "connect");
}

raw_client::~raw_client() {
  if (socket_ >= 0) ::close(socket_);
}

bool raw_client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool raw_client::is_told() const {
  pollfd from{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&from, 1, 0) == 1;
}

bool raw_client::fill() {
  pollfd from{socket_, POLLIN, 0};
  if (::poll(&from, 1, longest_wait_ms) != 1) {
    ADD_FAILURE() << "nothing came for " << longest_wait_ms << " ms";
    return false;
  }
  std::array<char, 16384> piece;  // NOLINT: written before it is read
  const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

raw_answer raw_client::read(bool to_head) {
  raw_answer told;
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return told;
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  if (head.rfind("HTTP/1.1 ", 0) != 0) {
    ADD_FAILURE() << "no answer of HTTP/1.1: " << head;
    return told;
  }
  told.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t line = head.find("\r\n", at);
    const std::size_t colon = head.find(':', at);
    told.fields[lowered(head.substr(at, colon - at))] = head.substr(colon + 2, line - colon - 2);
    at = line + 2;
  }
  if (told.status == 100) return read(to_head);
  if (to_head || told.status == 204 || told.status == 304) {
    told.whole = true;
    return told;
  }
  if (const auto length = told.fields.find("content-length"); length != told.fields.end()) {
    const std::size_t bytes = std::stoul(length->second);
    while (buffer_.size() < bytes)
      if (!fill()) break;
    told.whole = buffer_.size() >= bytes;
    told.body = buffer_.substr(0, bytes);
    buffer_.erase(0, told.body.size());
  } else if (told.fields["transfer-encoding"] == "chunked") {
    for (;;) {
      std::size_t line = 0;
      while ((line = buffer_.find("\r\n")) == std::string::npos)
        if (!fill()) return told;
      const std::size_t bytes = std::stoul(buffer_.substr(0, line), nullptr, 16);
      while (buffer_.size() < line + 2 + bytes + 2)
        if (!fill()) return told;
      told.body += buffer_.substr(line + 2, bytes);
      buffer_.erase(0, line + 2 + bytes + 2);
      if (bytes == 0) break;
    }
    told.whole = true;
  } else {
    while (fill()) {
    }
    told.body = std::move(buffer_);
    buffer_.clear();
    told.whole = true;
  }
  return told;
}

unsigned raw_client::read_interim() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return 0;
  const auto status = static_cast<unsigned>(std::stoul(buffer_.substr(9, 3)));
  buffer_.erase(0, end + 4);
  return status;
}

bool raw_client::closed() {
  for (;;) {
    pollfd from{socket_, POLLIN, 0};
    if (::poll(&from, 1, longest_wait_ms) != 1) return false;
    std::array<char, 4096> piece;  // NOLINT: written before it is read
    if (::recv(socket_, piece.data(), piece.size(), 0) <= 0) return true;
  }
}

void raw_client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket_);
  socket_ = -1;
}

void raw_client::end_sending() const { ::shutdown(socket_, SHUT_WR); }

std::string request(std::string_view method, std::string_view target, std::string_view fields,
                    std::string_view body) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  text += fields;
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  return text;
}

std::string call_request(std::string_view target, std::string_view arguments, std::string_view fields) {
  return request("POST", target, "Content-Type: application/json\r\n" + std::string(fields), arguments);
}

}  // namespace holdfast::testing_support
