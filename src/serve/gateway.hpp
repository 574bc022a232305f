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

  task<std::optional<http_answer>> serve(http_turn& turn) override;
  http_answer refused(const http_refusal& why) override;
  http_answer broken(const http_refusal& why) override;
  void served(const http_turn& turn, unsigned status, std::uint64_t bytes) noexcept override;
  http_figures& figures() noexcept { return figures_; }

 private:
  // What every route gets.
  struct visit {
    http_turn& turn;
    std::shared_ptr<const catalog> serves;
    principal who{};
    path_list path{};  // decoded, without the version
    http_method method = http_method::get;
  };
  // As `http_handler::serve` gives it. Most routes have theirs at once.
  using maybe_answer = std::optional<http_answer>;

  // gateway.cpp
  task<maybe_answer> route(visit& on);
  static task<maybe_answer> at_once(http_answer what);
  maybe_answer turned_away(visit& on, const std::string& first) const;
  void finish(const http_turn& turn, http_answer& what) const;
  http_answer allow_only(const visit& on, const char* methods) const;
  static bool open_to_all(const std::string& path) noexcept;

  // call_routes.cpp
  task<maybe_answer> call_pool(visit& on);
  task<maybe_answer> call_actor(visit& on);
  template <class Target>
  task<maybe_answer> call(visit& on, const hosted& of, Target target,
                          std::size_t name_at);  // of the export in the path
  template <class Target>
  task<maybe_answer> call_kept(visit& on, const Target& target, const served_export& what,
                               wit::arguments arguments, const call_options& options, const call_wish& wish);
  void note_owner(const visit& on, const call_id& call, const call_options& options);
  maybe_answer admit(visit& on, const hosted& of);

  // claim_routes.cpp
  task<maybe_answer> one_call(visit& on);
  task<maybe_answer> attach(visit& on, call_id which);
  task<maybe_answer> look_at_bound(visit& on, call_id which, duration limit);
  result<call_id> known_call(const visit& on, std::string_view id) const;

  // status_routes.cpp
  http_answer health(const visit& on) const;
  http_answer list_components(const visit& on) const;
  http_answer one_component(const visit& on);
  http_answer show_openapi(const visit& on);

  // event_routes.cpp
  task<maybe_answer> events(visit& on);
  http_answer show_page(const visit& on, std::string_view path) const;
  http_answer show_metrics(const visit& on) const;
  http_answer list_calls(const visit& on) const;
  http_answer list_actors(const visit& on) const;
  boost::json::array components_now() const;
  boost::json::object server_now(const principal& who) const;
  bool sees_all(const visit& on) const noexcept;

  // web_routes.cpp
  task<maybe_answer> serve_web(visit& on, std::shared_ptr<const hosted> of);
  static task<maybe_answer> give_response(http_turn& turn, http_exchange& exchange, const ticket& claim);

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
