// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cli/latency_spread.hpp"
#include "cli/load_target.hpp"

/// A run of `holdfast load`: callers that call, leave, and count what they see.
///
/// Without a rate each caller calls again once it has its answer (a closed loop). With one, calls are due at
/// fixed moments whatever the answers do (an open loop): whoever is free takes the next, and its latency is
/// counted from when it was due, so that a slow server does not hide behind callers that wait for it.
namespace holdfast::cli::load {

struct run_settings {
  unsigned callers = 16;
  double rate = 0;  ///< calls a second, of all callers together; 0: closed loop
  duration length = std::chrono::seconds(10);
  duration grace = std::chrono::seconds(5);  ///< for the calls that are under way at the end
  double leave = 0;                          ///< share of the calls whose caller leaves
  double trap = 0;
  double hang = 0;
  std::uint64_t seed = 1;
};

/// What was seen, each call once.
struct tally {
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
  std::uint64_t meant_to_leave = 0;
  std::map<std::string, std::uint64_t> by_outcome{};  ///< and `detached`, `left`, `no_answer`
  std::map<std::string, std::uint64_t> by_effect{};
  std::map<std::string, std::string> examples{};  ///< why, by outcome: the first; untrusted
  latency_spread completed{};
  latency_spread others{};  ///< of calls that were answered otherwise
  double seconds = 0;       ///< from the first call to the last answer

  std::uint64_t count(const std::string& outcome) const;
};

class run {
 public:
  run(asio::io_context& on, const run_settings& how, target& of);
  run(const run&) = delete;
  run& operator=(const run&) = delete;
  ~run();

  /// Runs to its end; `progress` is called a few times a second.
  void go(const std::function<void(const tally&)>& progress);
  /// Begins no more calls.
  void end_soon();

  const tally& seen() const noexcept { return seen_; }

 private:
  struct one;
  void next(one& who);
  void start(one& who);
  void ended(one& who, call_end end);
  void look(const std::function<void(const tally&)>& progress);
  call_kind pick_kind();
  double dice() { return std::uniform_real_distribution<double>()(random_); }

  asio::io_context& on_;
  const run_settings how_;
  std::vector<std::unique_ptr<one>> callers_;
  std::size_t busy_ = 0;
  std::mt19937_64 random_;
  tally seen_;
  std::uint64_t due_ = 0;  // calls of the open loop that were taken
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point end_;
  asio::steady_timer clock_;
  duration typical_ = std::chrono::milliseconds(1);  // of late: who leaves does so before about that long
};

}  // namespace holdfast::cli::load
