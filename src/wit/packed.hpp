// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/error.hpp>
#include <holdfast/packer.hpp>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <holdfast/world.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Values, types and descriptions in the packed encoding of packed.md.
///
/// Encoding checks and converts: what it makes fits the type. Decoding trusts nothing: each length is checked
/// against what remains before anything is allocated, and the number of values made is bounded. Large strings
/// and scalar lists are not copied on the way in: they are moved out of the arguments, kept beside the buffer
/// and referred to.
namespace holdfast::wit {

/// The most values that decoding makes of one buffer: a few bytes of a guest may stand for a value of a
/// hundred.
inline constexpr std::size_t decode_budget = 4'000'000;

/// The arguments of one call, ready for the bridge.
///
/// Owns its buffer and every run of bytes that the buffer refers to. Moving it leaves their addresses as they
/// are.
class packed_args {
 public:
  packed_args() = default;
  /// What typed codecs packed.
  explicit packed_args(packer&& typed)
      : buffer_(typed.out_.begin(), typed.out_.end()),
        kept_(std::move(typed.kept_)),
        referred_(typed.referred_) {}
  packed_args(packed_args&&) noexcept = default;
  packed_args& operator=(packed_args&&) noexcept = default;
  packed_args(const packed_args&) = delete;
  packed_args& operator=(const packed_args&) = delete;

  /// Bytes that are packed already, or that the guest's own layer reads.
  static packed_args of(std::span<const std::byte> bytes) {
    packed_args made;
    made.buffer_.assign(bytes.begin(), bytes.end());
    return made;
  }

  /// What the bridge reads. Valid and unchanged for as long as this object, or the one it is moved to, lives.
  std::span<const std::byte> bytes() const noexcept { return buffer_; }

  /// All bytes held: the buffer and what it refers to. What a queue's bound counts.
  std::size_t size() const noexcept { return buffer_.size() + referred_; }

 private:
  friend class encoder;
  std::vector<std::byte> buffer_;
  std::vector<value> kept_;  // owners of the referred bytes
  std::size_t referred_ = 0;
};

/// Checks and packs the arguments of a call; large runs are moved out of `values`.
///
/// An integer converts where the number fits, an integer or f32 to a float where it is exact; a value stands
/// for the option that holds it, a string for the enum case, or the variant case without payload, of that
/// name; a missing field of option type is `none`.
/// @par Errors  `errc::bad_arguments`: the detail names the path, such as `argument 2 (count): 300 does not
/// fit u8`
result<packed_args> encode(const function& of, arguments&& values, placement where = placement::by_reference);

/// Packs one value in line, with the same checks; `path` begins the message of an error.
result<std::vector<std::byte>> encode_value(const type& of, const value& v, std::string_view path = "value");

/// Packs what a host function returns: nothing where `of` has no result.
/// @par Errors  `errc::bad_arguments`: the value does not fit, or there is one too many
result<std::vector<std::byte>> encode_result(const function& of, const value* v);

/// Reads one value of a type from untrusted bytes, which it must use up.
/// Handles in it get `from` as their home.
/// @par Errors  `errc::bad_arguments`: malformed, or `errc::limit`: more values than `budget`
result<value> decode(const type& of, std::span<const std::byte> packed, std::size_t budget = decode_budget,
                     handle::home from = {});

/// Takes the in-line arguments of a call apart, as a host function gets them.
result<arguments> decode_arguments(const function& of, std::span<const std::byte> packed,
                                   std::size_t budget = decode_budget, handle::home from = {});

/// Reads a component's description from untrusted bytes.
/// @par Errors  `errc::malformed_component`: malformed, or nested deeper than `type::max_depth`
result<world> decode_world(std::span<const std::byte> packed);

/// Reads one type from untrusted bytes, with the errors of `decode_world`.
result<type> decode_type(std::span<const std::byte> packed);

/// Packs a type.
std::vector<std::byte> encode_type(const type& t);

/// Packs the parameters of a function as a description holds them: a count, then names and types.
std::vector<std::byte> encode_params(const function& of);

}  // namespace holdfast::wit
