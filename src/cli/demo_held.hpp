// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <holdfast/host.hpp>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/demo_ledger.hpp"
#include "cli/demo_plan.hpp"

/// The cure: the same guests and the same storm, through Holdfast.
namespace holdfast::cli::demo {

struct held_settings {
  std::uint64_t calls = 100'000;  ///< accepted ones
  unsigned callers = 256;
  std::uint64_t seed = 1;
};

struct held_result {
  // As they stood when the storm had ended, before every instance was asked.
  std::uint64_t calls = 0;
  std::uint64_t completed = 0;
  std::uint64_t detached = 0;
  std::uint64_t trapped = 0;
  std::uint64_t deadline_killed = 0;
  std::uint64_t host_failed = 0;
  std::uint64_t revoked = 0;
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;  ///< accepted without an outcome
  bool next_call_ok = false;
  double seconds = 0;
  std::vector<std::string> complaints{};  ///< what was wrong, a line each; may quote a guest
};

/// Answers the sleeper's naps, off every thread that matters.
class bedside {
 public:
  bedside();
  ~bedside();
  void sleep(host_call call);

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
  std::thread thread_;
};

class held_storm {
 public:
  held_storm(const engine& with, const std::vector<guest_kind>& guests, const held_settings& settings);

  /// Opens a pool for each guest and waits for the first instances.
  result<void> open(const std::vector<component>& components);

  /// Runs the storm to the last outcome, then asks every instance. Blocks.
  held_result run();

  ledger& book() noexcept { return *ledger_; }
  std::vector<cell_status> cells(std::size_t guest) const { return pools_[guest].cells(); }

 private:
  void be_a_caller(unsigned who);
  bool make_call(const request& what);
  void check(const request& what, const reply& told);
  using outcomes = std::map<ledger::life, std::uint64_t>;
  bool ask_every_cell(std::size_t guest, const outcomes& completed, held_result& told);

  const std::vector<guest_kind>& guests_;
  const held_settings settings_;
  std::shared_ptr<ledger> ledger_ = std::make_shared<ledger>();
  bedside bedside_;
  host host_;
  std::vector<pool> pools_;
  std::atomic<std::uint64_t> next_id_{1};
};

}  // namespace holdfast::cli::demo
