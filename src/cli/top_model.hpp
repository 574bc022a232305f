// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What `holdfast top` knows of a server, from the events it was told. All text in it is safe to show.
namespace holdfast::cli::top {

struct call_line {
  std::string id;
  std::string component;
  std::string function;
  std::string actor;
  std::string phase;
  double since = 0;  ///< seconds since 1970
  std::uint64_t waiters = 0;
};

struct fault_line {
  double at = 0;
  std::string component;
  std::string why;
  std::string detail;
};

struct cell_mark {
  std::string component;
  std::string state;
};

struct spread_line {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
  std::uint64_t count = 0;
};

class model {
 public:
  /// Takes an event: a snapshot replaces all there is. False: it is none that is known.
  bool take(std::string_view event, const boost::json::object& told);
  /// Remembers the totals of now, for `per_second`.
  void sample(double at);

  /// How often a second of late; negative: not known yet.
  double per_second(const std::string& outcome) const;
  /// The oldest first.
  std::vector<const call_line*> calls() const;

  std::string version;
  double started = 0;
  bool draining = false;
  bool may_kill = false;
  std::uint64_t connections = 0;
  double at = 0;        ///< the server's clock at its last event
  double heard_at = 0;  ///< ours at that moment
  std::map<std::string, std::uint64_t> totals;
  std::map<std::string, std::uint64_t> orphans;
  spread_line overshoot;
  spread_line queue;
  spread_line run;
  std::map<std::uint64_t, cell_mark> cells;
  std::map<std::string, boost::json::object> components;
  std::map<std::string, call_line> in_flight;
  std::deque<fault_line> faults;  ///< the newest last

 private:
  struct totals_then {
    double at;
    std::map<std::string, std::uint64_t> totals;
  };
  void take_lists(const boost::json::object& told);
  std::deque<totals_then> samples_;
};

/// The outcomes, in the order in which they are shown.
const std::vector<std::string>& outcome_names();

}  // namespace holdfast::cli::top
