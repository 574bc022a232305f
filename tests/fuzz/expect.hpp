// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the process where a claim of a fuzz entry does not hold, which is what a fuzzer looks for.
namespace holdfast::fuzz {

inline void expect(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

}  // namespace holdfast::fuzz
