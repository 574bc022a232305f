// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <holdfast/duration.hpp>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "serve/otlp.hpp"
#include "serve/trace_span.hpp"

/// Spans on their way to a collector, sent by a thread of their own.
///
/// Whoever gives one never waits and never fails: where the collector is away, slower than the spans come, or
/// talks nonsense, spans are dropped and counted, and the server goes on.
namespace holdfast::serve {

struct span_exporter_bounds {
  std::size_t waiting = 4096;                           ///< spans; one more is dropped
  std::size_t batch = 512;                              ///< that are sent together
  duration delay = std::chrono::seconds(1);             ///< for others, before fewer than that are sent
  duration patience = std::chrono::seconds(10);         ///< for one request
  unsigned attempts = 3;                                ///< for one batch
  duration between_attempts = std::chrono::seconds(1);  ///< doubled each time
};

struct span_figures {
  std::uint64_t sent = 0;     ///< that a collector took
  std::uint64_t dropped = 0;  ///< of which it did not have one
};

/// @par Thread safety  shared objects: safe, but for its destruction
class span_exporter {
 public:
  /// `fields` go with each request.
  struct destination {
    otlp_endpoint where{};
    std::vector<std::pair<std::string, std::string>> fields{};
    std::string service{};
    std::string version{};
  };
  explicit span_exporter(destination to, span_exporter_bounds bounds = {});
  span_exporter(const span_exporter&) = delete;
  span_exporter& operator=(const span_exporter&) = delete;
  /// As `end` without any time.
  ~span_exporter();

  void give(trace_span what) noexcept;
  /// One that could not even be made.
  void drop() noexcept;
  span_figures figures() const noexcept;

  /// Sends what waits, for at most so long; what is left then is dropped, and so is what comes later.
  void end(duration limit) noexcept;

 private:
  struct state;
  class sender;
  const std::shared_ptr<state> state_;  // the thread's too
  std::thread thread_;
};

}  // namespace holdfast::serve
