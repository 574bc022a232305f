// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "wit/utf8.hpp"

/// Takes words from the front of an untrusted packed buffer.
///
/// Each function answers whether it could. The first failure is remembered with its place and is the only one
/// reported: whoever reads stops there.
namespace holdfast::wit {

class packed_reader {
 public:
  explicit packed_reader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  bool failed() const noexcept { return !what_.empty(); }
  /// "the buffer ends too early at byte 17"
  std::string failure() const { return what_ + " at byte " + std::to_string(failed_at_); }

  /// Records why the reading cannot go on; false.
  bool fail(std::string what) {
    if (!failed()) {
      what_ = std::move(what);
      failed_at_ = position_;
    }
    return false;
  }

  template <class T>
  bool word(T& into) {
    if (remaining() < sizeof into) return fail("the buffer ends too early");
    std::memcpy(&into, bytes_.data() + position_, sizeof into);
    position_ += sizeof into;
    return true;
  }

  /// A byte that must be 0 or 1.
  bool boolean(bool& into) {
    std::uint8_t byte = 0;
    if (!word(byte)) return false;
    into = byte == 1;
    return byte <= 1 || fail("a bool is neither 0 nor 1");
  }

  /// A `u32` index below `bound`.
  bool index(std::uint32_t& into, std::size_t bound, const char* what) {
    return word(into) && (into < bound || fail(what));
  }

  /// A count of things that take at least `least` bytes each of what remains, so that it may be allocated
  /// for.
  bool count(std::size_t& into, std::size_t least) {
    std::uint32_t n = 0;
    if (!word(n)) return false;
    into = n;
    return n <= remaining() / least || fail("a count is more than the buffer can hold");
  }

  /// `count` elements of `element_size` bytes, as they are.
  bool run(std::span<const std::byte>& into, std::size_t count, std::size_t element_size) {
    if (count > remaining() / element_size) return fail("the buffer ends too early");
    into = bytes_.subspan(position_, count * element_size);
    position_ += into.size();
    return true;
  }

  bool text(std::string& into) {
    std::size_t size = 0;
    std::span<const std::byte> bytes;
    if (!count(size, 1) || !run(bytes, size, 1)) return false;
    const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (valid_utf8_prefix(view) != view.size()) return fail("text is not UTF-8");
    into.assign(view);
    return true;
  }

  bool finish() { return remaining() == 0 || fail("bytes are left over"); }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::size_t failed_at_ = 0;
  std::string what_;
};

}  // namespace holdfast::wit
