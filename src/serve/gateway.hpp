// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <holdfast/call_options.hpp>
#include <holdfast/http_exchange.hpp>
#include <holdfast/ticket.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time_source.hpp"
#include "serve/call_wish.hpp"
#include "serve/doorkeeper.hpp"
#include "serve/hosted.hpp"
#include "serve/http_figures.hpp"
#include "serve/http_turn.hpp"
#include "serve/ledger.hpp"
#include "serve/line_log.hpp"
#include "serve/metrics.hpp"
#include "serve/openapi.hpp"
#include "serve/rate_gate.hpp"
#include "serve/service.hpp"
#include "serve/tracer.hpp"

/// What stands between HTTP and the host: which request is which call, and who may make it.
///
/// Leaving never cancels here either: a client whose connection is reset is a caller who left. Its queued
/// call is revoked, one that runs goes on, and is found again by its id.
namespace holdfast::serve {

/// @par Thread safety  requests of different connections: safe
class gateway final : public http_handler {
 public:
  /// All of them outlive it. Null for `traces`: they are off.
  gateway(service& what, const server_settings& settings, ledger& knows, line_log& access,
          const core::time_source& time, tracer* traces = nullptr);

  task<void> serve(http_turn& turn) override;
  http_answer refused(const http_refusal& why) override;
  void served(const http_turn& turn, unsigned status, std::uint64_t bytes,
              std::chrono::nanoseconds took) noexcept override;
  http_figures& figures() noexcept { return figures_; }

 private:
  // What every route gets.
  struct visit {
    http_turn& turn;
    principal who{};
    std::vector<std::string> path{};  // decoded, without the version
    http_method method = http_method::get;
  };

  // gateway.cpp
  task<void> route(visit& on);
  task<void> answer(http_turn& turn, http_answer what);
  task<void> refuse(visit& on, const error& why);
  task<void> allow_only(visit& on, const char* methods);
  static bool open_to_all(const std::string& path) noexcept;

  // call_routes.cpp
  task<void> call_pool(visit& on);
  task<void> call_actor(visit& on);
  template <class Target>
  task<void> call(visit& on, const hosted& of, const Target& target, std::string_view name);
  template <class Target>
  task<void> call_bound(visit& on, const Target& target, const served_export& what, wit::arguments arguments,
                        const call_options& options);
  template <class Target>
  task<void> call_kept(visit& on, const Target& target, const served_export& what, wit::arguments arguments,
                       const call_options& options, const call_wish& wish);
  void note_owner(const visit& on, const call_id& call, const call_options& options);
  std::optional<http_answer> admit(visit& on, const hosted& of, rate_pass& pass);

  // claim_routes.cpp
  task<void> one_call(visit& on);
  task<void> attach(visit& on, const call_id& which);
  task<void> look_at_bound(visit& on, const call_id& which, duration limit);
  result<call_id> known_call(const visit& on, std::string_view id) const;

  // status_routes.cpp
  task<void> health(visit& on);
  task<void> list_components(visit& on);
  task<void> one_component(visit& on);
  task<void> show_openapi(visit& on);

  // event_routes.cpp
  task<void> events(visit& on);
  task<void> show_page(visit& on, std::string_view path);
  task<void> show_metrics(visit& on);
  task<void> list_calls(visit& on);
  task<void> list_actors(visit& on);
  boost::json::array components_now() const;
  boost::json::object server_now(const principal& who) const;
  bool sees_all(const visit& on) const noexcept;

  // web_routes.cpp
  task<void> serve_web(visit& on, const hosted& of);
  task<void> give_response(visit& on, http_exchange& exchange, const ticket& claim);

  service& service_;
  const server_settings& settings_;
  const core::time_source& time_;
  const doorkeeper door_;
  client_gates clients_;
  ledger& ledger_;
  line_log& access_;
  tracer* const traces_;
  http_figures figures_;
  const metrics metrics_;
  openapi_page openapi_;
  std::atomic<unsigned> readers_{0};  // of events
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace holdfast::serve
