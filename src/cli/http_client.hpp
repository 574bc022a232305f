// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <holdfast/duration.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "cli/server_address.hpp"

/// The command's client of HTTP: one connection, which stays open from request to request.
namespace holdfast::cli {

namespace asio = boost::asio;

/// Where to ask, and who asks.
struct server_access {
  server_address where;
  std::string token{};  ///< shown as `Authorization: Bearer`; empty: none
};

struct http_question {
  std::string method = "GET";
  std::string target = "/";
  std::string body{};      ///< JSON
  std::string deadline{};  ///< `Holdfast-Deadline`; empty: none
};

/// What came of a question.
struct http_reply {
  unsigned status = 0;  ///< 0: no answer came
  std::string body{};
  std::string why{};  ///< for people, where no answer came
  /// The server may have read the question: what it asked for may have been done.
  bool sent = false;
};

/// One connection. Everything of it happens on the thread that runs its context.
///
/// A connection that was kept is opened anew where a GET finds it closed; nothing else is ever sent twice.
class http_connection {
 public:
  using told = std::function<void(http_reply)>;
  /// A piece of a body that comes bit by bit, and the status it came with.
  using heard = std::function<void(unsigned status, std::string_view piece)>;

  http_connection(asio::io_context& on, const server_access& to);
  http_connection(const http_connection&) = delete;
  http_connection& operator=(const http_connection&) = delete;
  /// Closes it; what is still asked is not answered any more.
  ~http_connection();

  /// Asks, and tells once, never in here. One question at a time.
  void ask(http_question what, duration limit, told then);

  /// The same for an answer without end: each piece is heard as it comes, and the body told in the end is
  /// empty. `limit` is how long nothing may come.
  void listen(http_question what, duration limit, heard piece, told then);

  /// Resets the connection, as a client does that is gone; the question is told as one without an answer.
  void reset();

  class impl;

 private:
  std::shared_ptr<impl> impl_;
};

/// Asks once, on a connection of its own, and waits.
http_reply ask(const server_access& to, http_question what, duration limit);

}  // namespace holdfast::cli
