// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <cstddef>
#include <cstdint>

/// WIT's `flags` in C++: a set of the enumerators of a described enum.
///
///     enum class right { read, write, run };
///     BOOST_DESCRIBE_ENUM(right, read, write, run)
///
///     const wit::flags<right> mine(right::read, right::run);
///
/// A flag's bit is its place in the description, whatever number the enumerator has.
namespace holdfast::wit {

template <class E>
class flags {
  using described = boost::describe::describe_enumerators<E>;

 public:
  /// How many there are.
  static constexpr std::size_t size = boost::mp11::mp_size<described>::value;
  /// 32 flags a word, as the packed encoding has them.
  using words = std::array<std::uint32_t, (size + 31) / 32>;

  constexpr flags() = default;
  /// Those enumerators; one that is not described is left out.
  template <std::same_as<E>... More>
  constexpr explicit flags(E first, More... more) {
    set(first);
    (set(more), ...);
  }

  /// False too for an enumerator that is not described.
  constexpr bool has(E flag) const {
    const std::size_t at = place(flag);
    return at < size && (words_[at / 32] >> at % 32 & 1U) != 0;
  }
  /// An enumerator that is not described has no bit; setting it does nothing.
  constexpr flags& set(E flag, bool on = true) {
    const std::size_t at = place(flag);
    if (at >= size) return *this;
    const std::uint32_t bit = 1U << at % 32;
    words_[at / 32] = on ? words_[at / 32] | bit : words_[at / 32] & ~bit;
    return *this;
  }
  /// Whether no flag is set. `bits` has them all, the first described one in bit 0 of the first word.
  constexpr bool empty() const { return words_ == words{}; }
  constexpr const words& bits() const noexcept { return words_; }
  /// Bits that stand for no flag are dropped.
  static constexpr flags of_bits(words bits) noexcept {
    if constexpr (size % 32 != 0) bits.back() &= (1U << size % 32) - 1;
    flags made;
    made.words_ = bits;
    return made;
  }

  /// `|` and `&`: the flags of either set, and those of both.
  friend constexpr flags operator|(flags left, const flags& right) {
    for (std::size_t i = 0; i < left.words_.size(); ++i) left.words_[i] |= right.words_[i];
    return left;
  }
  friend constexpr flags operator&(flags left, const flags& right) {
    for (std::size_t i = 0; i < left.words_.size(); ++i) left.words_[i] &= right.words_[i];
    return left;
  }
  friend constexpr bool operator==(const flags&, const flags&) = default;

 private:
  static constexpr std::size_t place(E flag) {
    std::size_t at = size;
    std::size_t i = 0;
    boost::mp11::mp_for_each<described>([&](auto each) {
      if (each.value == flag && at == size) at = i;
      ++i;
    });
    return at;
  }

  words words_{};
};

}  // namespace holdfast::wit
