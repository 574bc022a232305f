// SPDX-License-Identifier: Apache-2.0
#include "core/random_source.hpp"

#include <sodium/core.h>
#include <sodium/crypto_stream_chacha20.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "core/process_mark.hpp"

namespace holdfast::core {
namespace {

// Random bits as a thread has them at hand. The kernel gives the first key; from there on each page is a
// keystream whose first part is the key of the next, so that what was handed out tells nothing of what comes
// or came. Bernstein, "Fast-key-erasure random-number generators", 2017.
// Plain, so that reading it costs no check whether it was made.
struct page {
  struct content {
    std::array<unsigned char, crypto_stream_chacha20_KEYBYTES> next_key;
    std::array<std::uint64_t, 508> words;
  } bits;
  std::size_t used;
  const process_mark* drawn_in;  // null: nothing was drawn yet
};

constinit thread_local page of_thread{.bits = {}, .used = 508, .drawn_in = nullptr};

void draw_key(page& of) noexcept {
  auto& key = of.bits.next_key;
  std::size_t missing = key.size();
  while (missing > 0) {
    const ssize_t got = ::getrandom(key.data() + key.size() - missing, missing, 0);
    if (got > 0) {
      missing -= static_cast<std::size_t>(got);
    } else if (got < 0 && errno != EINTR) {
      std::abort();  // A kernel without random bits: ids would be guessable.
    }
  }
  thread_local process_mark mark;
  mark = process_mark();
  of.drawn_in = &mark;
}

[[gnu::noinline]] void refill(page& of) noexcept {
  [[maybe_unused]] static const int chose_the_fastest = ::sodium_init();
  // A fork has copied the key: parent and child would hand out the same ids.
  if (of.drawn_in == nullptr || of.drawn_in->forked()) draw_key(of);
  static constexpr std::array<unsigned char, crypto_stream_chacha20_NONCEBYTES> nonce{};
  const auto key = of.bits.next_key;
  crypto_stream_chacha20(reinterpret_cast<unsigned char*>(&of.bits), sizeof(of.bits), nonce.data(),
                         key.data());
  of.used = 0;
}

}  // namespace

std::uint64_t kernel_random::next() noexcept {
  page& bits = of_thread;
  if (bits.used == bits.bits.words.size() || bits.drawn_in->forked()) [[unlikely]]
    refill(bits);
  return std::exchange(bits.bits.words[bits.used++], 0);  // an id that was handed out does not stay in memory
}

}  // namespace holdfast::core
