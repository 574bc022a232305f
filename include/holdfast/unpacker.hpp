// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <holdfast/error.hpp>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Where typed values are read that came from a guest.
///
/// Only codecs (`holdfast/codec.hpp`) use it. The types were checked before, the bytes never are trusted:
/// each length is bounded by what remains before anything is allocated for it, and the memory that lists of
/// records and the like may take is bounded too, since a few bytes of a guest may stand for an element of
/// hundreds.
///
/// What is malformed is thrown, or noted where the reader is compiled without exceptions: from then on all
/// that is read is zero or empty, and the value that comes of it is thrown away.
namespace holdfast::wit {

/// Thrown by an `unpacker`. It does not leave Holdfast: whoever reads a value answers with the error.
class unpack_failure : public std::exception {
 public:
  /// `why` is all of it, `what` the detail alone.
  explicit unpack_failure(holdfast::error why) : error_(std::move(why)) {}
  const holdfast::error& why() const noexcept { return error_; }
  const char* what() const noexcept override { return error_.detail.c_str(); }

 private:
  holdfast::error error_;
};

// Of the scalars; the library has them all. The templates name no concept: compilers do not agree how that is
// spelled in a symbol, and a program may be compiled by another one than the library.

/// A list of numbers or chars out of its elements' bytes, which were checked and may lie anywhere.
template <class T>
std::vector<T> copied_run(std::span<const std::byte> run);

/// @par Thread safety  distinct objects: safe
class unpacker {
 public:
  /// The memory in bytes that the elements of lists may take which are not scalars.
  static constexpr std::size_t default_budget = 512U << 20;

  /// Reads from bytes that must outlive it. Handles among them get `home`.
  explicit unpacker(std::span<const std::byte> packed, handle::home home = {},
                    std::size_t budget = default_budget) noexcept
      : bytes_(packed), budget_(budget), home_(home) {}

  /// The same, and it never throws: the first failure is put into `noted`, which must outlive it too.
  unpacker(std::span<const std::byte> packed, handle::home home, std::optional<error>& noted) noexcept
      : bytes_(packed), budget_(default_budget), home_(home), noted_(&noted) {}

  /// A number, as it lies in memory.
  template <class T>
    requires std::is_arithmetic_v<T>
  T word() {
    if (remaining() < sizeof(T)) [[unlikely]] {
      fail("the buffer ends too early");
      return T();
    }
    T number;
    std::memcpy(&number, bytes_.data() + position_, sizeof number);
    position_ += sizeof number;
    return number;
  }

  /// A byte that must be 0 or 1.
  bool boolean();
  /// A char: a Unicode scalar value.
  char32_t character();
  /// A `u32` below `bound`; `what` says what it is otherwise.
  std::uint32_t index(std::size_t bound, const char* what);
  /// UTF-8.
  std::string text();

  /// A list of scalars, at once. For the scalars that a `value` has a vector of.
  template <class T>
  std::vector<T> run();

  /// The length of a list whose elements take `size` bytes of memory each.
  std::size_t count(std::size_t size);

  /// A value of any type.
  value any(const type& of);

  /// Nothing may be left over.
  void finish();

  /// The value is malformed: `bad_arguments`, with the byte where reading stands. Returns only where failures
  /// are noted.
  void fail(const char* what);

 private:
  std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  std::span<const std::byte> take_run(std::size_t element_size);
  void fail_with(error why);

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::size_t budget_;
  handle::home home_;
  std::optional<error>* noted_ = nullptr;  // null: failures are thrown
};

}  // namespace holdfast::wit
