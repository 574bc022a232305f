// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "core/fakes.hpp"

/// Those who wait for the calls of a test.
namespace holdfast::core::fakes {

/// One more, of a call that is not done.
inline boost::intrusive_ptr<counting_waiter> wait_for(call& asked) {
  boost::intrusive_ptr<counting_waiter> who(new counting_waiter);
  EXPECT_TRUE(asked.attach(who));
  return who;
}

}  // namespace holdfast::core::fakes
