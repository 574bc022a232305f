// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/holdfast.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/peer.hpp"

/// What the measurements share: an engine, the smallest guest on it, and the peer that runs the same guest.
namespace holdfast::bench {

using adder = function<std::uint32_t(std::uint32_t, std::uint32_t)>;
using echoer = function<std::vector<std::uint8_t>(std::vector<std::uint8_t>)>;

/// @throws std::runtime_error with the error's text
template <class T>
T must(result<T> made) {
  if (!made) throw std::runtime_error(made.error().message());
  return std::move(*made);
}

inline void must(const result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message());
}

/// @throws std::runtime_error where the call did not complete
inline void must_complete(const reply& told) {
  if (!told) throw std::runtime_error("a call failed: " + told.code.message() + ": " + told.detail);
}

/// @throws std::runtime_error where it cannot be read
std::vector<char> read_file(const std::string& path);

struct subject {
  explicit subject(const engine_options& how = {});

  /// A pool that is ready.
  pool open(host& owner, const pool_options& options) const { return open(owner, guest, options); }
  /// The same of another guest.
  static pool open(host& owner, const component& what, const pool_options& options);

  std::vector<char> text;
  engine with;
  component guest;
  peer direct;

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text)); }
};

/// So many blocking calls of `add`, one after the other.
/// @throws std::runtime_error where one fails or its sum is wrong
inline void add_in_turn(const adder& add, unsigned calls) {
  for (std::uint32_t i = 0; i < calls; ++i) {
    const auto told = add(i, 7);
    must_complete(told);
    if (*told != i + 7) throw std::runtime_error("add answered another sum");
  }
}

/// A list as it is echoed: 64 KiB that a wrong answer would not equal.
std::vector<std::uint8_t> pattern();

/// Checks the length and the ends: comparing all of it would be a third of the time.
void check_ends(const std::vector<std::uint8_t>& back, const std::vector<std::uint8_t>& sent);

}  // namespace holdfast::bench
