// SPDX-License-Identifier: Apache-2.0
#include "serve/call_owners.hpp"

namespace holdfast::serve {

void call_owners::note(const call_id& call, std::string_view owner) {
  const std::scoped_lock lock(mutex_);
  if (!owners_.emplace(call, owner).second) return;
  order_.push_back(call);
  if (order_.size() <= most_) return;
  owners_.erase(order_.front());
  order_.pop_front();
}

std::optional<std::string> call_owners::of(const call_id& call) const {
  const std::scoped_lock lock(mutex_);
  const auto found = owners_.find(call);
  if (found == owners_.end()) return std::nullopt;
  return found->second;
}

}  // namespace holdfast::serve
