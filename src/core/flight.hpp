// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <holdfast/error.hpp>
#include <optional>

#include "core/call.hpp"
#include "core/time_source.hpp"

/// A call in flight in a cell: one attempt at it, in one instance.
namespace holdfast::core {

struct flight {
  boost::intrusive_ptr<call> of{};
  std::uint64_t number = 0;  ///< as the guest knows it
  unsigned attempt = 0;
  time_point stop_at = time_point::max();  ///< when it is asked to stop
  bool alone = false;                      ///< nothing else begins beside it
  bool hasty = false;                      ///< `sharing_policy::hasty`

  // Its stop.
  std::optional<errc> stop_why{};
  time_point stop_due{};  ///< when its grace is over
  time_point gone_due{};  ///< the same, had it been asked without delay
  bool asked = false;     ///< the guest knows of it
  bool cut = false;       ///< the grace is over

  bool is_stopped() const noexcept { return stop_why.has_value(); }
};

/// As they began. Most instances have one at a time, and that is for no allocation.
using flights = boost::container::small_vector<flight, 1>;

/// What a further call would have to wait for before it can begin in a cell.
struct in_the_way {
  std::vector<boost::intrusive_ptr<call>> each{};  ///< every one of them has to end
  std::vector<boost::intrusive_ptr<call>> any{};   ///< one of them has to; empty: none
};

}  // namespace holdfast::core
