// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <functional>
#include <holdfast/actors.hpp>
#include <holdfast/parking_policy.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "serve/http_figures.hpp"
#include "serve/ledger.hpp"
#include "serve/span_exporter.hpp"

/// `/metrics`: the ledger's figures, and what others know, in Prometheus' text format.
///
/// Nothing is counted twice: each scrape reads what the ledger has. docs/metrics.md names every metric.
namespace holdfast::serve {

/// Who knows what the ledger does not. What is empty has no metrics.
struct metric_sources {
  std::function<orphan_figures()> orphans{};                       ///< `host::orphans`
  std::function<std::map<std::string, actor_figures>()> actors{};  ///< by component
  const http_figures* http = nullptr;
  std::function<span_figures()> traces{};
  std::string version{};  ///< of Holdfast
};

/// Thread-safe, where its sources are.
class metrics final : public prometheus::Collectable {
 public:
  /// The ledger outlives it, and so do the sources.
  explicit metrics(const ledger& of, metric_sources others = {}) : ledger_(of), others_(std::move(others)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

  /// The body of an answer of type `metrics_type`.
  std::string text() const;

 private:
  const ledger& ledger_;
  const metric_sources others_;
};

inline constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace holdfast::serve
