// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/duration.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "serve/config.hpp"

/// How often somebody may call, and how many calls of theirs may be open.
namespace holdfast::serve {

/// One bucket of permissions to begin, and a count of what is open.
///
/// @par Thread safety  shared objects: safe
class rate_gate {
 public:
  explicit rate_gate(const rate_limits& limits) noexcept;

  /// Lets one begin. Else how long to wait before it makes sense to ask again.
  std::optional<duration> enter(time_point now) noexcept;
  /// One that was let in is over.
  void leave() noexcept;
  bool unlimited() const noexcept { return limits_.per_second <= 0 && limits_.concurrent == 0; }
  bool idle(time_point now) noexcept;

 private:
  void refill(time_point now) noexcept;
  double most() const noexcept;

  const rate_limits limits_;
  std::mutex mutex_;
  double left_;
  time_point filled_{};
  std::uint32_t open_ = 0;
};

/// A gate for each client, of those that called last.
///
/// @par Thread safety  shared objects: safe
class client_gates {
 public:
  client_gates(const rate_limits& limits, std::size_t most) noexcept : limits_(limits), most_(most) {}

  bool unlimited() const noexcept { return limits_.per_second <= 0 && limits_.concurrent == 0; }
  /// The client's; another's that has no call open is forgotten for it where there are too many.
  std::shared_ptr<rate_gate> of(std::string_view client, time_point now);

 private:
  struct entry {
    std::string client;
    std::shared_ptr<rate_gate> gate;
  };
  const rate_limits limits_;
  const std::size_t most_;
  std::mutex mutex_;
  std::list<entry> latest_;  // the last to call first
  std::unordered_map<std::string_view, std::list<entry>::iterator> by_client_;
};

/// Leaves its gates when it goes.
class rate_pass {
 public:
  rate_pass() = default;
  rate_pass(const rate_pass&) = delete;
  rate_pass& operator=(const rate_pass&) = delete;
  ~rate_pass() { leave(); }
  void leave() noexcept;
  /// Enters. Else as `rate_gate::enter`; at most two gates are entered.
  std::optional<duration> enter(const std::shared_ptr<rate_gate>& which, time_point now);

 private:
  std::shared_ptr<rate_gate> first_;
  std::shared_ptr<rate_gate> second_;
};

}  // namespace holdfast::serve
