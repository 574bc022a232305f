// SPDX-License-Identifier: Apache-2.0
#include "wit/wave.hpp"

#include <holdfast_wave.h>

#include "wit/packed.hpp"

namespace holdfast::wit {

namespace {

/// Owns bytes that the C functions made.
class owned_bytes {
 public:
  owned_bytes() = default;
  owned_bytes(const owned_bytes&) = delete;
  owned_bytes& operator=(const owned_bytes&) = delete;
  ~owned_bytes() { hfw_bytes_free(bytes_); }

  hfw_bytes* out() noexcept { return &bytes_; }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(bytes_.data), bytes_.size};
  }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes_.data), bytes_.size}; }

 private:
  hfw_bytes bytes_{};
};

hfw_slice slice(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

hfw_slice slice(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// Takes the message out of an error of the C functions and frees it.
error refusal(const hfw_error& why) {
  owned_bytes message;
  *message.out() = why.message;
  std::string detail(message.text());
  if (why.in_text) detail += ", at byte " + std::to_string(why.offset) + " of the text";
  return {errc::bad_arguments, std::move(detail)};
}

}  // namespace

result<wave_call> parse_call(std::string_view text) {
  std::size_t name_offset = 0;
  std::size_t name_size = 0;
  std::size_t arguments_offset = 0;
  hfw_error why{};
  if (!hfw_split_call(slice(text), &name_offset, &name_size, &arguments_offset, &why)) return refusal(why);
  return wave_call{text.substr(name_offset, name_size), text.substr(arguments_offset), arguments_offset};
}

result<arguments> parse_wave_args(const function& of, const wave_call& call) {
  owned_bytes packed;
  hfw_error why{};
  const std::vector<std::byte> params = encode_params(of);
  if (!hfw_parse_arguments(slice(of.name), slice(params), slice(call.arguments), call.offset, packed.out(),
                           &why)) {
    return refusal(why);
  }
  return decode_arguments(of, packed.bytes());
}

result<value> parse_wave(const type& of, std::string_view text) {
  owned_bytes packed;
  hfw_error why{};
  const std::vector<std::byte> packed_type = encode_type(of);
  if (!hfw_parse_value(slice(packed_type), slice(text), packed.out(), &why)) return refusal(why);
  return decode(of, packed.bytes());
}

result<std::string> to_wave(const type& of, const value& v) {
  const auto packed = encode_value(of, v);
  if (!packed) return packed.error();
  owned_bytes text;
  hfw_error why{};
  const std::vector<std::byte> packed_type = encode_type(of);
  if (!hfw_print_value(slice(packed_type), slice(*packed), text.out(), &why)) return refusal(why);
  return std::string(text.text());
}

}  // namespace holdfast::wit
