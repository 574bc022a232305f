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

/// What Holdfast is compared with: the same guest as Rust calls it directly, through the usual cure, and
/// through the official C API.
namespace holdfast::bench {

namespace detail {

inline const std::uint8_t* octets(std::span<const std::byte> bytes) noexcept {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

/// @throws std::runtime_error with the engine's reason
template <class Make>
auto made_by(Make make) {
  std::array<char, 512> why{};
  auto* const made = make(why.data(), why.size());
  if (made == nullptr) throw std::runtime_error("a peer cannot be made: " + std::string(why.data()));
  return made;
}

inline void must(bool went_well) {
  if (!went_well) throw std::runtime_error("a call of a peer failed");
}

template <auto Free>
struct freed_by {
  void operator()(auto* which) const noexcept { Free(which); }
};

}  // namespace detail

/// A guest that is called directly, without Holdfast: the floor of a call.
class peer {
 public:
  /// An engine with room for so many instances. A tick of 0: none.
  peer(std::span<const std::byte> component, std::chrono::nanoseconds tick, std::uint32_t instances)
      : guest_(detail::made_by([&](char* why, std::size_t room) {
          return hfp_guest_new(detail::octets(component), component.size(),
                               static_cast<std::uint64_t>(tick.count()), instances, why, room);
        })) {}

  void add(unsigned calls) { detail::must(hfp_guest_add(guest_.get(), calls)); }
  /// Without a fiber.
  void add_here(unsigned calls) { detail::must(hfp_guest_add_here(guest_.get(), calls)); }
  void echo(std::span<const std::byte> data, unsigned calls) {
    detail::must(hfp_guest_echo(guest_.get(), detail::octets(data), data.size(), calls));
  }
  /// Each call in an instance of its own.
  void add_in_new(unsigned calls) const { detail::must(hfp_guest_add_in_new(guest_.get(), calls)); }

 private:
  friend class actor_peer;
  std::unique_ptr<hfp_guest, detail::freed_by<hfp_guest_free>> guest_;
};

/// Many resident instances that are called directly, one after the other in an order that no cache foresees.
class many_peer {
 public:
  many_peer(std::span<const std::byte> component, std::chrono::nanoseconds tick, std::uint32_t count)
      : many_(detail::made_by([&](char* why, std::size_t room) {
          return hfp_many_new(detail::octets(component), component.size(),
                              static_cast<std::uint64_t>(tick.count()), count, why, room);
        })) {}

  void add(unsigned calls) { detail::must(hfp_many_add(many_.get(), calls)); }

 private:
  std::unique_ptr<hfp_many, detail::freed_by<hfp_many_free>> many_;
};

/// An instance that calls share, called directly.
class concurrent_peer {
 public:
  concurrent_peer(std::span<const std::byte> component, std::chrono::nanoseconds tick)
      : shared_(detail::made_by([&](char* why, std::size_t room) {
          return hfp_concurrent_new(detail::octets(component), component.size(),
                                    static_cast<std::uint64_t>(tick.count()), why, room);
        })) {}

  /// So many calls, of which so many share it at any time.
  void add(unsigned in_flight, unsigned calls) {
    detail::must(hfp_concurrent_add(shared_.get(), in_flight, calls));
  }

 private:
  std::unique_ptr<hfp_concurrent, detail::freed_by<hfp_concurrent_free>> shared_;
};

/// Slots for short-lived instances, by how their memories are put back.
class slots_peer {
 public:
  slots_peer(std::span<const std::byte> component, std::size_t keep_resident, bool scan)
      : slots_(detail::made_by([&](char* why, std::size_t room) {
          return hfp_slots_new(detail::octets(component), component.size(), keep_resident, scan, why, room);
        })) {}

  /// So many instances, each of which writes to so many pages.
  void touch(std::uint32_t pages, unsigned times) const {
    detail::must(hfp_slots_touch(slots_.get(), pages, times));
  }

 private:
  std::unique_ptr<hfp_slots, detail::freed_by<hfp_slots_free>> slots_;
};

/// The usual cure: a Tokio task that owns an instance, asked by mpsc and answering by oneshot.
class actor_peer {
 public:
  /// `workers` 0: all tasks run in turns on the thread of `add`.
  actor_peer(const peer& of, unsigned workers, unsigned depth)
      : actor_(detail::made_by([&](char* why, std::size_t room) {
          return hfp_actor_new(of.guest_.get(), workers, depth, why, room);
        })) {}

  void add(unsigned callers, unsigned each) const {
    detail::must(hfp_actor_calls(actor_.get(), callers, each));
  }

  /// A call every `gap` for so long, at most `most` of them unanswered; a gap of 0: as many as that allows.
  void open_loop(std::chrono::nanoseconds gap, std::chrono::nanoseconds time, std::size_t most,
                 hfp_histogram* into) const {
    detail::must(hfp_actor_open_loop(actor_.get(), static_cast<std::uint64_t>(gap.count()),
                                     static_cast<std::uint64_t>(time.count()), most, into));
  }

 private:
  std::unique_ptr<hfp_actor, detail::freed_by<hfp_actor_free>> actor_;
};

/// Wasmtime's official C API.
class capi_peer {
 public:
  explicit capi_peer(std::span<const std::byte> component)
      : api_(detail::made_by([&](char* why, std::size_t room) {
          return hfp_capi_new(detail::octets(component), component.size(), why, room);
        })) {}

  void echo(std::span<const std::byte> data, unsigned calls) {
    detail::must(hfp_capi_echo(api_.get(), detail::octets(data), data.size(), calls));
  }

 private:
  std::unique_ptr<hfp_capi, detail::freed_by<hfp_capi_free>> api_;
};

}  // namespace holdfast::bench
