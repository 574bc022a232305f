// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast_peers.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

/// Latencies of many events: an HdrHistogram. One thread at a time.
namespace holdfast::bench {

class latencies {
 public:
  void record(std::chrono::nanoseconds took) {
    hfp_histogram_record(held_.get(), static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
  }
  /// Nanoseconds at a quantile from 0 to 1.
  double at(double quantile) const { return static_cast<double>(hfp_histogram_at(held_.get(), quantile)); }
  double median() const { return at(0.5); }
  double p99() const { return at(0.99); }
  std::uint64_t count() const { return hfp_histogram_count(held_.get()); }
  /// For a peer to record into.
  hfp_histogram* raw() noexcept { return held_.get(); }

 private:
  struct release {
    void operator()(hfp_histogram* which) const noexcept { hfp_histogram_free(which); }
  };
  std::unique_ptr<hfp_histogram, release> held_{hfp_histogram_new()};
};

}  // namespace holdfast::bench
