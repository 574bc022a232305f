// SPDX-License-Identifier: Apache-2.0
#include "core/random_source.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "core/process_mark.hpp"

namespace holdfast::core {
namespace {

struct page {
  std::array<std::uint64_t, 256> words;
  std::size_t used = 256;
  process_mark drawn_in;
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
  bits.drawn_in = process_mark();
}

}  // namespace

std::uint64_t kernel_random::next() noexcept {
  thread_local page bits;
  // A fork has copied what was drawn: parent and child would hand out the same ids.
  if (bits.used == bits.words.size() || bits.drawn_in.forked()) refill(bits);
  const std::uint64_t word = bits.words[bits.used];
  bits.words[bits.used++] = 0;  // An id that was handed out does not stay in memory.
  return word;
}

}  // namespace holdfast::core
