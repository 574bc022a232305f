// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <exception>
#include <holdfast/codec.hpp>
#include <holdfast/codec_described.hpp>
#include <holdfast/codec_parts.hpp>
#include <holdfast/error.hpp>
#include <holdfast/world.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// Signatures: whether the types of a C++ function fit a component's, and its arguments and results as bytes.
///
/// `holdfast/codec.hpp` says which C++ type stands for which of WIT.
namespace holdfast::wit {

/// Whether T can be an argument of a call.
template <class T>
concept packable = requires(packer& out, const type& t, const T& v) {
  codec<T>::fits;
  { codec<T>::pack(out, t, v) } -> std::same_as<bool>;
};

/// Whether T can be the result of a call: it owns all it holds.
template <class T>
concept unpackable = requires(unpacker& in, const type& t) {
  codec<T>::fits;
  { codec<T>::unpack(in, t) } -> std::same_as<T>;
};

/// One type's check, its type forgotten.
using fit = bool (*)(const type&, mismatch&);

/// Which side of a call the C++ types stand on. The messages speak accordingly.
enum class side : std::uint8_t {
  caller,  ///< C++ calls an export: the error is `bad_arguments`
  callee,  ///< the component calls C++: the error is `type_mismatch`
};

/// Compares a whole signature; `result` is null for void.
///
/// `parameter 2 (count): the component has u32, the call gives std::string`
holdfast::result<void> check_signature(const function& of, std::span<const fit> parameters, fit result,
                                       side from);

/// Compares the result alone.
holdfast::result<void> check_result(const function& of, fit result, side from);

/// Whether a C++ type stands for a WIT type.
///
/// @par Errors  `bad_arguments`, with the path to what differs and both types
template <class T>
holdfast::result<void> check(const type& t) {
  mismatch why;
  if (codec<T>::fits(t, why)) return {};
  return error(errc::bad_arguments, "value" + why.sentence("is", "the program has"));
}

/// The same for a C++ signature: `signature<std::uint64_t, std::string>::check(of, side::caller)`.
template <class R, class... Args>
struct signature {
  /// @par Errors  `bad_arguments` to a `caller`, `type_mismatch` to a `callee`, with the path and both types
  static holdfast::result<void> check(const function& of, side from) {
    static constexpr std::array<fit, sizeof...(Args)> parameters{&codec<std::remove_cvref_t<Args>>::fits...};
    return check_signature(of, parameters, result_fit(), from);
  }
  /// How R is compared; null for void.
  static constexpr fit result_fit() noexcept {
    if constexpr (std::is_void_v<R>) {
      return nullptr;
    } else {
      return &codec<R>::fits;
    }
  }
};

/// Packs the arguments of a call whose signature was checked. False: a value does not fit, `failure` says
/// which.
template <class... T>
bool pack_arguments(packer& out, const function& of, error& failure, T&&... values) {
  std::size_t i = 0;
  [[maybe_unused]] const auto pack_next = [&]<class V>(V&& v) {
    using held = std::remove_cvref_t<V>;
    const field& parameter = of.params[i++];
    if (codec<held>::pack(out, parameter.type, std::forward<V>(v))) return true;
    failure = out.failure("argument " + std::to_string(i) + " (" + parameter.name + ")");
    return false;
  };
  return (pack_next(std::forward<T>(values)) && ...);
}

/// Reads with `read(unpacker&)`, to the last byte. Handles get `home`.
///
/// @par Errors  `bad_arguments`: malformed, or what a `representation` threw; `limit`: more memory than may
/// be
///
/// Without exceptions `read` goes on to its end after a failure, with zeros and empty texts and lists.
template <class Read>
auto unpack_with(std::span<const std::byte> packed, handle::home home, Read read)
    -> holdfast::result<decltype(read(std::declval<unpacker&>()))> {
#ifdef __cpp_exceptions
  try {
    unpacker in(packed, home);
    auto made = read(in);
    in.finish();
    return made;
  } catch (const unpack_failure& failed) {
    return failed.why();
  } catch (const std::exception& thrown) {
    return error(errc::bad_arguments, thrown.what());
  } catch (...) {
    return error(errc::bad_arguments, "what was thrown is no std::exception");
  }
#else
  std::optional<error> failed;
  unpacker in(packed, home, failed);
  auto made = read(in);
  in.finish();
  if (failed) return *std::move(failed);
  return made;
#endif
}

}  // namespace holdfast::wit

namespace holdfast::detail {

/// What owns an argument that outlives whoever gave it: views become what they view.
template <class P>
struct owner_of {
  using type = P;
};
template <>
struct owner_of<std::string_view> {
  using type = std::string;
};
template <class T>
struct owner_of<std::span<const T>> {
  using type = std::vector<T>;
};

}  // namespace holdfast::detail
