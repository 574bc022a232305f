// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <cstddef>
#include <holdfast/codec_run.hpp>
#include <holdfast/reply.hpp>
#include <holdfast/typed.hpp>
#include <new>
#include <optional>
#include <span>
#include <utility>

/// What a caller is told about a call whose result is an R.
namespace holdfast {

/// A `reply` in every respect but its value, which is an R; none for void.
///
///     const auto placed = place(7, "book", 2);
///     if (placed) use(placed->serial);
///     else if (placed.code == effect::not_executed) again();
///
/// Passed on as a plain `reply` it tells all but the value.
template <class R>
struct typed_reply : reply {
  /// What the export returned. Set when the call completed, and only then.
  std::optional<R> value{};

  typed_reply() = default;

  /// `*` and `->`: the value of a call that completed. Undefined for any other: ask first.
  R& operator*() noexcept { return checked(*this); }
  const R& operator*() const noexcept { return checked(*this); }
  R* operator->() noexcept { return &checked(*this); }
  const R* operator->() const noexcept { return &checked(*this); }

  /// The value, or why there is none.
  holdfast::result<R> take() && {
    if (code) return error(code, std::move(detail));
    return *std::move(value);
  }
  /// The value. @throws std::system_error where the call did not complete
  R get() && { return std::move(*this).take().value(); }

 private:
  template <class Self>
  static auto& checked(Self& self) noexcept {
    assert(self.value && "the call did not complete");
    return *self.value;
  }
};

template <>
struct typed_reply<void> : reply {
  typed_reply() = default;

  holdfast::result<void> take() && {
    if (code) return error(code, std::move(detail));
    return {};
  }
  /// @throws std::system_error where the call did not complete
  void get() && { std::move(*this).take().value(); }
};

namespace detail {

/// Takes a value over that is one run of bytes, out of the guest's memory and before its call has ended: it
/// may have to give it back.
struct run_sink {
  bool (*land)(void* into, std::span<const std::byte> run) noexcept;  ///< false: there is no memory for it
  std::span<const std::byte> (*landed)(const void* into) noexcept;
  void (*forget)(void* into) noexcept;
  std::size_t element;  ///< bytes of one
};

/// Reads the value of a call that completed, while the call still holds its bytes. An error: it cannot be
/// taken over.
struct value_sink {
  std::optional<error> (*take)(void* into, const wit::type& of, std::span<const std::byte> packed,
                               wit::handle::home home);
  void* into;
  const run_sink* run = nullptr;  ///< null: only `take` knows the value's type
};

template <class R>
inline constexpr const run_sink* run_sink_into = nullptr;
template <wit::one_run R>
inline constexpr run_sink lone_run_sink{
    .land =
        [](void* into, std::span<const std::byte> run) noexcept {
          auto& value = static_cast<typed_reply<R>*>(into)->value;
#ifdef __cpp_exceptions
          try {
            value.emplace(wit::run_of<R>::copied(run));
          } catch (const std::bad_alloc&) {
            return false;
          }
#else
          value.emplace(wit::run_of<R>::copied(run));  // no memory ends the process, as anywhere in it
#endif
          return true;
        },
    .landed =
        [](const void* into) noexcept {
          return std::as_bytes(std::span(**static_cast<const typed_reply<R>*>(into)));
        },
    .forget = [](void* into) noexcept { static_cast<typed_reply<R>*>(into)->value.reset(); },
    .element = sizeof(typename wit::run_of<R>::element)};
template <wit::one_run R>
inline constexpr const run_sink* run_sink_into<R> = &lone_run_sink<R>;

/// A sink into the value of a typed reply.
template <class R>
value_sink sink_into(typed_reply<R>& told) noexcept {
  return {[](void* into, const wit::type& of, std::span<const std::byte> packed,
             wit::handle::home home) -> std::optional<error> {
            auto read = wit::unpack_with(packed, home,
                                         [&](wit::unpacker& in) { return wit::codec<R>::unpack(in, of); });
            if (!read) return std::move(read).error();
            static_cast<typed_reply<R>*>(into)->value.emplace(*std::move(read));
            return std::nullopt;
          },
          &told, run_sink_into<R>};
}
template <>
inline value_sink sink_into(typed_reply<void>& told) noexcept {
  return {[](void*, const wit::type&, std::span<const std::byte>, wit::handle::home) {
            return std::optional<error>();
          },
          &told};
}

/// Makes a typed reply by `tell`, which gets the sink and answers all but the value.
template <class R, class Tell>
typed_reply<R> told_by(Tell tell) {
  typed_reply<R> told;
  static_cast<reply&>(told) = tell(sink_into(told));
  return told;
}

}  // namespace detail
}  // namespace holdfast
