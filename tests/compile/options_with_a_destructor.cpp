// SPDX-License-Identifier: Apache-2.0
// g++ 12 destroys an aggregate that is built inside a `co_await` twice: one that owns text must not be
// options.

// expect: static(_assert| assertion) failed

#include <holdfast/call_options.hpp>
#include <string>

struct options_of_mine {
#ifdef HOLDFAST_CONTROL
  std::string_view key{};
#else
  std::string key{};
#endif
  holdfast::call_options options{};
};
static_assert(holdfast::fit_for_co_await<options_of_mine>);
