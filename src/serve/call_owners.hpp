// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <holdfast/call_id.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

/// Whose calls are whose, where those who call have to say who they are. Bounded: the oldest are forgotten,
/// and then only who may kill can reach them.
namespace holdfast::serve {

/// @par Thread safety  shared objects: safe
class call_owners {
 public:
  explicit call_owners(std::size_t most = 200'000) : most_(most) {}

  void note(const call_id& call, std::string_view owner);
  /// Nothing: not known here, or not any more.
  std::optional<std::string> of(const call_id& call) const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<call_id, std::string> owners_;
  std::deque<call_id> order_;
};

}  // namespace holdfast::serve
