// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast_bridge.h>

#include <memory>
#include <span>
#include <string_view>

#include "core/buffer.hpp"

/// Ownership of what the bridge hands out. No `_free` call stands outside this file.
namespace holdfast::bridge {

template <auto Free>
struct freer {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};

/// The one owner of a C object.
template <class T, auto Free>
using handle = std::unique_ptr<T, freer<Free>>;

using engine_handle = handle<hfb_engine, hfb_engine_free>;
using component_handle = handle<hfb_component, hfb_component_free>;
using linker_handle = handle<hfb_linker, hfb_linker_free>;
using blueprint_handle = handle<hfb_blueprint, hfb_blueprint_free>;
using instance_handle = handle<hfb_instance, hfb_instance_free>;
using error_handle = handle<hfb_error, hfb_error_free>;
using exchange_handle = handle<hfb_exchange, hfb_exchange_free>;
using direct_handle = handle<hfb_direct, hfb_direct_free>;

inline hfb_slice slice_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline hfb_slice slice_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

inline std::string_view text_of(hfb_slice slice) noexcept {
  return {reinterpret_cast<const char*>(slice.data), slice.size};
}

/// Takes over bytes of the bridge's allocator without copying them.
inline core::buffer buffer_of(hfb_bytes bytes) noexcept {
  return {reinterpret_cast<std::byte*>(bytes.data), bytes.size, bytes.capacity,
          [](std::byte* data, std::size_t size, std::size_t capacity) noexcept {
            hfb_bytes back{reinterpret_cast<std::uint8_t*>(data), size, capacity};
            hfb_bytes_free(&back);
          }};
}

}  // namespace holdfast::bridge
