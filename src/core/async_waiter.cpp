// SPDX-License-Identifier: Apache-2.0
#include "core/async_waiter.hpp"

namespace holdfast::core {

void async_waiter::disown() noexcept {
  forget();
  drop_handler();
}

void async_waiter::told(bool left) noexcept {
  left_ = left;
  hand_over();
}

}  // namespace holdfast::core
