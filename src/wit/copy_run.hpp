// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

/// Takes lists of numbers out of a packed buffer.
namespace holdfast::wit {

/// Copies a run of numbers in blocks, and into a vector that was not zeroed first.
///
/// The block is what glibc copies without `rep movsb`. Zen processors run that one ten times slower where the
/// target lies a little ahead of the source within the page (glibc bug 30994), and a result lies just so
/// beside the bytes that it is copied from.
template <class T>
std::vector<T> copy_of(std::span<const std::byte> run) {
  constexpr std::size_t block = 2048 / sizeof(T);
  const std::size_t count = run.size() / sizeof(T);
  std::vector<T> numbers;
  numbers.reserve(count);
  std::array<T, block> aligned;  // the run may lie anywhere
  for (std::size_t done = 0; done < count;) {
    const std::size_t next = std::min(block, count - done);
    const std::byte* from = run.data() + done * sizeof(T);
    if constexpr (sizeof(T) == 1) {
      numbers.insert(numbers.end(), reinterpret_cast<const T*>(from),
                     reinterpret_cast<const T*>(from) + next);
    } else {
      std::memcpy(aligned.data(), from, next * sizeof(T));
      numbers.insert(numbers.end(), aligned.begin(), aligned.begin() + static_cast<std::ptrdiff_t>(next));
    }
    done += next;
  }
  return numbers;
}

}  // namespace holdfast::wit
