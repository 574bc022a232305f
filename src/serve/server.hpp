// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <holdfast/error.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/time_source.hpp"
#include "serve/config.hpp"
#include "serve/service.hpp"

/// All of `holdfast serve`, assembled: what is served, who serves it, and how it ends.
namespace holdfast::serve {

/// What a server gets from outside.
struct server_parts {
  component_loader load = plain_loader();
  const core::time_source* time = nullptr;  ///< of limits and time-outs; null: the machine's
};

/// @par Thread safety  shared objects: safe
class server {
 public:
  /// Loads everything and listens; answers as soon as requests are taken. `/readyz` follows when each pool
  /// has an instance.
  /// @par Errors  those of `service::make` and `http_server::start`
  static result<std::unique_ptr<server>> start(config what, server_parts parts = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Ends at once, if it has not ended.
  ~server();

  std::vector<listen_address> addresses() const;
  service& served() noexcept;

  /// Waits until `/readyz` says yes. An error: an instance cannot be built; what can serve, does.
  result<void> wait_ready(duration limit);

  /// As `service::reload`, and certificates and logs are opened anew.
  result<std::vector<std::string>> reload(const config& next);

  /// Ends: `/readyz` says no, nothing new is taken, what was accepted goes on for as long as the grace, then
  /// it is killed, and every caller has an answer. True: nothing had to be killed.
  bool end(duration grace);
  /// Cuts the grace of an `end` that is under way short. From another thread.
  void hurry();

 private:
  struct impl;
  explicit server(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

}  // namespace holdfast::serve
