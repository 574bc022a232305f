// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Prometheus' text format, version 0.0.4, read strictly: what is not exactly as it ought to be is a breach.
namespace holdfast::serve::testing_support {

using label_set = std::map<std::string, std::string>;

struct metric_family {
  std::string help{};
  std::string type{};
  /// By the sample's full name, such as `..._bucket`, and its labels.
  std::map<std::pair<std::string, label_set>, double> samples{};

  /// The labels' names, but for `le`.
  std::set<std::string> label_names() const;
};

struct prometheus_text {
  static prometheus_text read(std::string_view text);

  /// That of a sample that is not there is -1.
  double value(const std::string& name, const label_set& labels = {}) const;
  /// Of all samples of that name with these labels, whatever others they have.
  double sum(const std::string& name, const label_set& labels = {}) const;

  std::map<std::string, metric_family> families{};
  std::vector<std::string> breaches{};
};

}  // namespace holdfast::serve::testing_support
