// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

/// Bytes with one owner, whoever allocated them.
///
/// Results come from the bridge's allocator and leave by moving; nothing is copied on the way to the caller.
namespace holdfast::core {

class buffer {
 public:
  using free_fn = void (*)(std::byte* data, std::size_t size, std::size_t capacity) noexcept;

  buffer() = default;
  buffer(std::byte* data, std::size_t size, std::size_t capacity, free_fn free) noexcept
      : data_(data), size_(size), capacity_(capacity), free_(free) {}
  buffer(buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        free_(std::exchange(other.free_, nullptr)),
        small_(other.small_) {}
  buffer& operator=(buffer&& other) noexcept {
    free();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    free_ = std::exchange(other.free_, nullptr);
    small_ = other.small_;
    return *this;
  }
  ~buffer() { free(); }

  static buffer copy_of(std::span<const std::byte> bytes) {
    buffer made;
    if (bytes.size() <= most_small) {
      made.fill_small([&](std::byte* into) {
        std::copy(bytes.begin(), bytes.end(), into);
        return bytes.size();
      });
    } else {
      made.data_ = new std::byte[bytes.size()];
      std::copy(bytes.begin(), bytes.end(), made.data_);
      made.size_ = made.capacity_ = bytes.size();
      made.free_ = [](std::byte* data, std::size_t, std::size_t) noexcept { delete[] data; };
    }
    return made;
  }

  /// So few bytes that nobody allocates them: `fill` writes some into `most_small` bytes, and answers how
  /// many.
  template <class Fill>
  void fill_small(Fill fill) {
    free();
    data_ = nullptr;
    free_ = nullptr;
    size_ = fill(small_.data());
  }
  static constexpr std::size_t most_small = 8;

  std::span<const std::byte> bytes() const noexcept {
    return {data_ != nullptr ? data_ : small_.data(), size_};
  }
  std::size_t size() const noexcept { return size_; }

 private:
  void free() noexcept {
    if (free_ != nullptr) free_(data_, size_, capacity_);
  }

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  free_fn free_ = nullptr;
  std::array<std::byte, most_small> small_{};
};

}  // namespace holdfast::core
