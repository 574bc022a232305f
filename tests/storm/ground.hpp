// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <filesystem>
#include <holdfast/host.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "storm/clock.hpp"
#include "storm/ledger.hpp"
#include "storm/plan.hpp"
#include "support/scratch_folder.hpp"

/// Where the storm rages: the guests, their pools and their host functions, exchanged and drained meanwhile.
namespace holdfast::storm {

/// The guests, compiled once.
struct guests {
  std::array<std::optional<component>, sites> first;  ///< by pool
  std::array<std::optional<component>, sites> other;  ///< what it is exchanged for
  std::optional<component> broken;                    ///< cannot be instantiated
};

/// @par Errors  as `component::load`, with the file
result<guests> load_guests(const engine& with, const std::filesystem::path& folder);

/// Instances that all pools take at most, those that are exchanged counted as often as they may overlap.
std::uint32_t instances_needed() noexcept;

/// Builds every guest in every place that the engine has for instances. A place keeps what it was given last,
/// so that the process holds no more mappings afterwards, however the storm goes.
result<void> fill_every_place(const engine& with, const guests& all);

class ground {
 public:
  ground(const engine& with, const guests& of, std::shared_ptr<ledger> book,
         boost::asio::any_io_executor callbacks);
  ground(const ground&) = delete;
  ground& operator=(const ground&) = delete;
  ~ground();

  /// Opens every pool and waits for an instance of each.
  result<void> open();

  pool at(site where) const;
  const host& owner() const noexcept { return *host_; }
  ledger& book() noexcept { return *book_; }
  clock& later() noexcept { return clock_; }
  std::uint64_t next_extra() noexcept { return plan::extras + extras_.fetch_add(1); }

  /// Exchanges the component of the next pool whose turn it is.
  void exchange_one();
  /// Opens another passing pool, and drains the one before while callers still use it.
  void renew_passing();

  /// Waits for outcomes, drains everything and ends the host. What is left is the ledger's to judge.
  void close();

  std::uint64_t swaps() const noexcept { return swaps_.load(); }
  std::uint64_t drains() const noexcept { return drains_.load(); }
  std::uint64_t cycles() const noexcept { return cycles_.load(); }

 private:
  pool_options options_of(site where);
  result<pool> make(site where);
  void sleep(host_call call);
  void pause(host_call call);
  void call_from_inside(host_call call, site where, deed what, std::uint32_t amount);

  const guests& guests_;
  const std::shared_ptr<ledger> book_;
  clock clock_;
  const testing_support::scratch_folder folder_;  // of the journal
  std::optional<host> host_;
  mutable std::mutex mutex_;
  std::array<std::optional<pool>, sites> pools_;
  std::uint64_t turn_ = 0;
  std::atomic<std::uint64_t> extras_{1};
  std::atomic<std::uint64_t> swaps_{0};
  std::atomic<std::uint64_t> drains_{0};
  std::atomic<std::uint64_t> cycles_{0};
};

}  // namespace holdfast::storm
