// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <holdfast/call_id.hpp>
#include <holdfast/http_head.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/random_source.hpp"
#include "serve/config.hpp"
#include "serve/http_turn.hpp"
#include "serve/ledger.hpp"
#include "serve/span_exporter.hpp"

/// Makes spans of requests and of their calls: a trace that the client began goes on, else one begins here.
///
/// A request is one span of the server's; the call that it made is another one below it, which ends with the
/// call, whoever leaves. Names and attributes are those of OpenTelemetry's conventions, and of ours where
/// they have none.
namespace holdfast::serve {

/// The last bits of a trace's id decide, the same wherever they are asked: `share` of all traces.
bool is_sampled(const trace_id& which, double share) noexcept;

/// @par Thread safety  shared objects: safe
class tracer {
 public:
  /// `knows` outlives it, and tells it of each call that ends.
  /// @par Errors  those of `parse_otlp_endpoint`
  static result<std::unique_ptr<tracer>> make(const trace_settings& settings, ledger& knows,
                                              span_exporter_bounds bounds = {});
  tracer(const tracer&) = delete;
  tracer& operator=(const tracer&) = delete;

  /// A request has come.
  request_trace begin(const http_request& asked) const;
  /// It is over. `status` 0: its client left before it was answered.
  void served(const http_turn& turn, unsigned status) noexcept;
  /// A call has ended. Quick: it is told under locks of core's.
  void ended(const call_id& call) noexcept;

  span_figures figures() const noexcept { return out_.figures(); }
  /// As `span_exporter::end`.
  void end(duration limit) noexcept { out_.end(limit); }

 private:
  // A call whose request is over, or is about to be.
  struct open_call {
    request_trace of;
    std::string component;
    std::string function;
    std::string_view outcome;  // as the client was told; a word that is kept
  };

  tracer(const trace_settings& settings, otlp_endpoint to, ledger& knows, span_exporter_bounds bounds);
  void give_request(const http_turn& turn, unsigned status);
  void take_call(const http_turn& turn);
  void give_call(const call_id& call, const open_call& what, const std::optional<call_record>& record);
  std::vector<open_call> forget(const call_id& call);
  span_id new_span() const noexcept;

  const double share_;
  ledger& knows_;
  mutable core::kernel_random random_;
  std::atomic<std::size_t> open_{
      0};  // as many as in the map: who ends a call takes no lock where there is none
  std::mutex mutex_;
  std::unordered_multimap<call_id, open_call> calls_;  // several may wait for one
  span_exporter out_;
};

/// The route that a path belongs to, one of a known set; empty: none. `web`: the application that answers it.
std::string route_of(const path_list& path, std::string_view web);

/// What the guest of a web application sees in place of what the client sent.
void pass_on(const request_trace& trace, std::vector<holdfast::http_field>& fields);

}  // namespace holdfast::serve
