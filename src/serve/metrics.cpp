// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <holdfast/engine.hpp>
#include <limits>
#include <utility>

#include "serve/process_figures.hpp"
#include "serve/units.hpp"

namespace holdfast::serve {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

// A metric's name, what it is, and its values as they are found.
class family {
 public:
  family(std::vector<MetricFamily>& into, MetricType type, const char* name, const char* help) : into_(into) {
    made_.name = name;
    made_.help = help;
    made_.type = type;
  }
  family(const family&) = delete;
  family& operator=(const family&) = delete;
  ~family() {
    if (!made_.metric.empty()) into_.push_back(std::move(made_));
  }

  template <class Number>
  family& add(labels with, Number value) {
    ClientMetric one;
    one.label = std::move(with);
    if (made_.type == MetricType::Counter) {
      one.counter.value = static_cast<double>(value);
    } else {
      one.gauge.value = static_cast<double>(value);
    }
    made_.metric.push_back(std::move(one));
    return *this;
  }

  family& add(labels with, const histogram& what) {
    ClientMetric one;
    one.label = std::move(with);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= histogram::bounds; ++i) {
      below += what.at(i);
      one.histogram.bucket.push_back({below, i < histogram::bounds
                                                 ? seconds(histogram::bound(i))
                                                 : std::numeric_limits<double>::infinity()});
    }
    one.histogram.sample_count = below;
    one.histogram.sample_sum = seconds(what.sum());
    made_.metric.push_back(std::move(one));
    return *this;
  }

 private:
  std::vector<MetricFamily>& into_;
  MetricFamily made_;
};

constexpr auto counter = MetricType::Counter;
constexpr auto gauge = MetricType::Gauge;
constexpr auto spread = MetricType::Histogram;

void add_calls(std::vector<MetricFamily>& into, const ledger_figures& of) {
  {
    family ended(into, counter, "holdfast_calls_total", "Calls that have ended, by their outcome");
    family queue(into, spread, "holdfast_call_queue_seconds", "Time that calls waited until they began");
    family run(into, spread, "holdfast_call_run_seconds", "Time that guests ran for calls, all attempts");
    family live(into, gauge, "holdfast_calls_in_flight", "Calls that were accepted and have not ended");
    family accepted(into, counter, "holdfast_calls_accepted_total", "Calls that were accepted");
    for (const auto& [name, each] : of.calls) {
      for (std::size_t i = 1; i < outcome_count; ++i)
        ended.add({{"component", name}, {"outcome", to_string(static_cast<outcome>(i))}}, each.ended[i]);
      for (std::size_t i = 0; i < live_phases; ++i)
        live.add({{"component", name}, {"phase", to_string(static_cast<call_phase>(i))}}, each.live[i]);
      accepted.add({{"component", name}}, each.accepted);
      queue.add({{"component", name}}, each.queue);
      run.add({{"component", name}}, each.run);
    }
  }
  family refused(into, counter, "holdfast_calls_refused_total",
                 "Requests that did not become calls, by the reason");
  for (const auto& [why, count] : of.refused) refused.add({{"reason", to_string(why)}}, count);
}

void add_callers(std::vector<MetricFamily>& into, const ledger_figures& of, const metric_sources& others) {
  family(into, counter, "holdfast_detached_total", "Times that a caller stopped waiting for a call")
      .add({}, of.detached);
  family(into, counter, "holdfast_joined_total", "Times that a caller joined a call by its key")
      .add({}, of.joined);
  family(into, counter, "holdfast_retried_total", "Attempts that ended and were followed by another")
      .add({}, of.retried);
  family(into, counter, "holdfast_orphaned_total", "Times that the last caller left a call that goes on")
      .add({}, of.orphaned);
  if (!others.orphans) return;
  const orphan_figures now = others.orphans();
  family(into, gauge, "holdfast_orphans", "Calls that nobody waits for").add({}, now.orphans);
  family(into, counter, "holdfast_orphan_seconds_total", "Time that guests ran for nobody")
      .add({}, seconds(now.cost));
  family(into, gauge, "holdfast_parked_results", "Results that are kept for callers who left")
      .add({}, now.parked);
  family(into, gauge, "holdfast_parked_bytes", "Bytes of these results").add({}, now.parked_bytes);
  family(into, counter, "holdfast_parked_claimed_total", "Late results that somebody came back for")
      .add({}, now.claimed);
  family(into, counter, "holdfast_parked_dropped_total", "Late results that nobody came back for in time")
      .add({}, now.dropped);
}

void add_cells(std::vector<MetricFamily>& into, const ledger_figures& of) {
  {
    family cells(into, gauge, "holdfast_cells", "Instance slots, by what they do");
    family generations(into, counter, "holdfast_generations_total", "Instances that came to life");
    family rebuilds(into, counter, "holdfast_rebuilds_total", "Instances that took another one's place");
    family faults(into, counter, "holdfast_faults_total", "Instances that were lost or could not be built");
    for (const auto& [name, each] : of.cells) {
      for (std::size_t i = 0; i + 1 < cell_states; ++i)  // of closed ones nothing is left
        cells.add({{"component", name}, {"state", to_string(static_cast<cell_state>(i))}}, each.states[i]);
      generations.add({{"component", name}}, each.generations);
      rebuilds.add({{"component", name}}, each.rebuilds);
      for (const auto& [why, count] : each.faults)
        faults.add({{"component", name}, {"error", to_string(why)}}, count);
    }
  }
  family(into, spread, "holdfast_deadline_overshoot_seconds",
         "Time from when a guest was to be cut until it was gone")
      .add({}, of.overshoot);
  family(into, gauge, "holdfast_host_functions_stuck",
         "Host functions that have not returned although their guests were cut")
      .add({}, of.stuck);
}

void add_journal(std::vector<MetricFamily>& into, const ledger_figures& of) {
  family(into, spread, "holdfast_journal_commit_seconds", "Time that the journal took to write a batch")
      .add({}, of.commits);
  family(into, counter, "holdfast_journal_changes_total", "Records and erasures that the journal has written")
      .add({}, of.committed);
  family(into, gauge, "holdfast_journal_full", "Whether the journal's disk is full")
      .add({}, of.journal_full ? 1 : 0);
}

void add_actors(std::vector<MetricFamily>& into, const metric_sources& others) {
  if (!others.actors) return;
  const auto groups = others.actors();
  std::size_t timers = 0;
  {
    family actors(into, gauge, "holdfast_actors", "Actors that have an instance, or wait for one");
    family bytes(into, gauge, "holdfast_actor_state_bytes", "Bytes of actors' states that are in memory");
    for (const auto& [name, each] : groups) {
      actors.add({{"component", name}, {"state", "resident"}}, each.resident);
      actors.add({{"component", name}, {"state", "waiting"}}, each.waiting);
      timers += each.timers;
    }
    // Of all groups together, and each tells it.
    if (!groups.empty()) bytes.add({}, groups.begin()->second.state_bytes);
  }
  family(into, gauge, "holdfast_timers", "Timers that actors have set").add({}, timers);
}

void add_http(std::vector<MetricFamily>& into, const metric_sources& others) {
  if (others.http == nullptr) return;
  family(into, gauge, "holdfast_http_connections", "Connections that are open")
      .add({}, others.http->connections());
  family requests(into, counter, "holdfast_http_requests_total",
                  "Requests that were answered, by the status");
  for (const auto& [code, count] : others.http->requests())
    requests.add({{"code", std::to_string(code)}}, count);
}

void add_traces(std::vector<MetricFamily>& into, const metric_sources& others) {
  if (!others.traces) return;
  const span_figures now = others.traces();
  family(into, counter, "holdfast_trace_spans_sent_total", "Spans that the collector took").add({}, now.sent);
  family(into, counter, "holdfast_trace_spans_dropped_total", "Spans that it did not get")
      .add({}, now.dropped);
}

void add_process(std::vector<MetricFamily>& into, const metric_sources& others) {
  const process_figures now = process_figures::now();
  family(into, counter, "process_cpu_seconds_total", "Processor time that was used").add({}, now.cpu_seconds);
  family(into, gauge, "process_resident_memory_bytes", "Memory that is resident").add({}, now.resident_bytes);
  family(into, gauge, "process_virtual_memory_bytes", "Address space that is taken")
      .add({}, now.virtual_bytes);
  family(into, gauge, "process_open_fds", "File descriptors that are open").add({}, now.open_descriptors);
  family(into, gauge, "process_max_fds", "File descriptors that may be open").add({}, now.max_descriptors);
  family(into, gauge, "process_start_time_seconds", "When the process began, in seconds since 1970")
      .add({}, now.start_time);
  family(into, gauge, "holdfast_build_info", "1, with the versions as labels")
      .add({{"version", others.version}, {"wasmtime", engine::version()}}, 1);
}

}  // namespace

std::vector<MetricFamily> metrics::Collect() const {
  std::vector<MetricFamily> made;
  const ledger_figures figures = ledger_.figures();
  add_calls(made, figures);
  add_callers(made, figures, others_);
  add_cells(made, figures);
  add_journal(made, figures);
  add_actors(made, others_);
  add_http(made, others_);
  add_traces(made, others_);
  add_process(made, others_);
  return made;
}

std::string metrics::text() const { return prometheus::TextSerializer().Serialize(Collect()); }

}  // namespace holdfast::serve
