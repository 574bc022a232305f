// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast_peers.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

/// A guest that Rust calls directly, without Holdfast: the floor of a call.
namespace holdfast::bench {

class peer {
 public:
  /// @throws std::runtime_error with the engine's reason
  peer(std::span<const std::byte> component, std::chrono::nanoseconds tick) {
    std::array<char, 512> why{};
    guest_.reset(hfp_guest_new(octets(component), component.size(), static_cast<std::uint64_t>(tick.count()),
                               why.data(), why.size()));
    if (guest_ == nullptr)
      throw std::runtime_error("the direct guest cannot be made: " + std::string(why.data()));
  }

  void add(unsigned calls) {
    if (!hfp_guest_add(guest_.get(), calls)) throw std::runtime_error("a direct call of add failed");
  }

  void echo(std::span<const std::byte> data, unsigned calls) {
    if (!hfp_guest_echo(guest_.get(), octets(data), data.size(), calls))
      throw std::runtime_error("a direct call of echo failed");
  }

 private:
  static const std::uint8_t* octets(std::span<const std::byte> bytes) noexcept {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
  }

  struct release {
    void operator()(hfp_guest* guest) const noexcept { hfp_guest_free(guest); }
  };
  std::unique_ptr<hfp_guest, release> guest_;
};

}  // namespace holdfast::bench
