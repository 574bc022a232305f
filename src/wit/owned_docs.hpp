// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast_docs.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Bytes that pass between C++ and the crate `src/wit/docs`.
namespace holdfast::wit {

/// Owns bytes that the C functions made.
class owned_docs {
 public:
  owned_docs() = default;
  owned_docs(const owned_docs&) = delete;
  owned_docs& operator=(const owned_docs&) = delete;
  ~owned_docs() { hfd_bytes_free(bytes_); }

  hfd_bytes* out() noexcept { return &bytes_; }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(bytes_.data), bytes_.size};
  }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes_.data), bytes_.size}; }

 private:
  hfd_bytes bytes_{};
};

inline hfd_slice docs_slice(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline hfd_slice docs_slice(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace holdfast::wit
