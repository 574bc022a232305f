// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <holdfast/duration.hpp>
#include <holdfast/error.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/time_source.hpp"
#include "serve/config.hpp"
#include "serve/connection.hpp"
#include "serve/http_figures.hpp"
#include "serve/listener.hpp"

/// Listens, and serves every connection on one of its threads.
namespace holdfast::serve {

/// @par Thread safety  its functions may be called from any thread but its own
class http_server {
 public:
  /// `settings`, `handler` and `time` outlive it.
  http_server(const server_settings& settings, http_handler& handler, const core::time_source& time);
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  /// As `stop`.
  ~http_server();

  /// Listens on all addresses and begins to serve.
  /// @par Errors  `no_resources`: an address cannot be listened on, a certificate cannot be read; the detail
  /// names it
  result<void> start();

  /// Where it listens, with the ports that the system chose.
  std::vector<listen_address> addresses() const;
  /// Told of each connection that begins and ends, on its thread; before `start`.
  void tell_figures(http_figures& of) noexcept { figures_ = &of; }

  /// Reads the certificates again, for the connections to come.
  result<void> renew_certificates();

  /// Takes no connection any more, and no request on those that are there; what runs goes on.
  void begin_end();
  /// Waits until the last connection is over. False: the time was over first.
  bool wait_ended(duration limit);
  /// Ends what is left, and its threads.
  void stop();

 private:
  struct loop;
  task<void> accept(loop& on, listener& from);
  task<void> sweep(loop& of);
  void take(stream_socket socket, bool tls, std::string peer, loop& into);

  const server_settings& settings_;
  http_handler& handler_;
  const core::time_source& time_;
  std::shared_ptr<asio::ssl::context> tls_;  // of the loop that accepts, once it runs
  std::vector<std::unique_ptr<loop>> loops_;
  std::vector<std::unique_ptr<listener>> listeners_;
  http_figures* figures_ = nullptr;
  std::size_t next_loop_ = 0;
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::condition_variable over_;
};

}  // namespace holdfast::serve
