// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <holdfast/observer.hpp>
#include <mutex>
#include <optional>
#include <utility>

/// Whether an edition's cells can serve, for those who wait to know; every event of a cell goes on to the
/// host's observer.
namespace holdfast::detail {

class readiness final : public observer {
 public:
  /// `all_ended` is called when the last cell has ended, by its driver.
  readiness(observer& next, std::size_t cells, std::function<void()> all_ended = {}) noexcept
      : next_(next), cells_(cells), all_ended_(std::move(all_ended)) {}

  void on_cell_opened(std::uint32_t cell, const cell_place& where) noexcept override {
    next_.on_cell_opened(cell, where);
  }
  void on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
               cell_state to) noexcept override;
  void on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                std::string_view untrusted) noexcept override;
  void on_started(const call_id& call, std::uint32_t cell, std::uint64_t generation) noexcept override {
    next_.on_started(call, cell, generation);
  }
  void on_overshoot(const call_id& call, duration late) noexcept override { next_.on_overshoot(call, late); }
  void on_tail(std::uint32_t cell, std::uint64_t generation, bool well) noexcept override {
    next_.on_tail(cell, generation, well);
  }
  void on_retired(std::uint32_t cell, std::uint64_t generation) noexcept override {
    next_.on_retired(cell, generation);
  }

  void on_spare_ready() noexcept override { next_.on_spare_ready(); }
  void on_spare_taken(std::uint32_t cell, std::uint64_t generation) noexcept override {
    next_.on_spare_taken(cell, generation);
  }
  void on_spare_failed(errc why, std::string_view untrusted) noexcept override {
    next_.on_spare_failed(why, untrusted);
  }

  /// Runs what can be run, in a world without threads; false: time has to pass.
  using helper = std::function<void()>;

  /// True: an instance is or was ready. False: none will be, or the time is over.
  bool wait_ready(duration limit, const helper& help);
  /// Why a cell is broken; nothing: none was in time, or the edition ended.
  std::optional<error> wait_broken(duration limit, const helper& help);

  std::optional<error> last_fault();
  /// Whether a cell was closed before one was ready.
  bool closed();

 private:
  template <class Decided>
  void wait(duration limit, const helper& help, Decided decided);

  observer& next_;
  const std::size_t cells_;
  const std::function<void()> all_ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::size_t broken_ = 0;
  std::size_t ended_ = 0;
  std::optional<error> fault_;
  std::optional<error> broken_why_;
};

}  // namespace holdfast::detail
