// SPDX-License-Identifier: Apache-2.0

// Of a header that is `[` and a line break, toml++ 3.3 asserts what does not hold, and where assertions are
// off it assumes it, which is undefined. Without either it comes to the line that tells of the mistake.
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_IMPLEMENTATION
#include "serve/toml.hpp"
