// SPDX-License-Identifier: Apache-2.0
#include "core/random_source.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace holdfast::core {
namespace {

struct page {
  std::array<std::uint64_t, 256> words;
  std::size_t used = 256;
};

void refill(page& bits) noexcept {
  auto* at = reinterpret_cast<unsigned char*>(bits.words.data());
  std::size_t missing = sizeof(bits.words);
  while (missing > 0) {
    const ssize_t got = ::getrandom(at, missing, 0);
    if (got > 0) {
      at += got;
      missing -= static_cast<std::size_t>(got);
    } else if (got < 0 && errno != EINTR) {
      std::abort();  // A kernel without random bits: ids would be guessable.
    }
  }
  bits.used = 0;
}

}  // namespace

std::uint64_t kernel_random::next() noexcept {
  thread_local page bits;
  if (bits.used == bits.words.size()) refill(bits);
  const std::uint64_t word = bits.words[bits.used];
  bits.words[bits.used++] = 0;  // An id that was handed out does not stay in memory.
  return word;
}

}  // namespace holdfast::core
