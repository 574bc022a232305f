// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/unpacker.hpp>
#include <string_view>

#include "wit/copy_run.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

void unpacker::fail(const char* what) {
  if (noted_ != nullptr && noted_->has_value()) return;  // read after the first: no sentence is made for it
  fail_with({errc::bad_arguments,
             std::string("malformed value: ") + what + " at byte " + std::to_string(position_)});
}

void unpacker::fail_with(error why) {
  if (noted_ == nullptr) throw unpack_failure(std::move(why));
  if (!noted_->has_value()) *noted_ = std::move(why);
  // So that whatever is read next fails too, and no list has a length.
  bytes_ = {};
  position_ = 0;
}

bool unpacker::boolean() {
  const auto byte = word<std::uint8_t>();
  if (byte > 1) fail("a bool is neither 0 nor 1");
  return byte == 1;
}

char32_t unpacker::character() {
  const auto letter = word<std::uint32_t>();
  if (is_unicode_scalar(letter)) return static_cast<char32_t>(letter);
  fail("a char is not a Unicode scalar value");
  return 0;
}

std::uint32_t unpacker::index(std::size_t bound, const char* what) {
  const auto number = word<std::uint32_t>();
  if (number < bound) return number;
  fail(what);
  return 0;
}

std::string unpacker::text() {
  const auto bytes = take_run(1);
  const std::string_view letters(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (valid_utf8_prefix(letters) == letters.size()) return std::string(letters);
  fail("text is not UTF-8");
  return {};
}

std::span<const std::byte> unpacker::take_run(std::size_t element_size) {
  const std::size_t count = word<std::uint32_t>();
  if (count > remaining() / element_size) {
    fail("a count is more than the buffer can hold");
    return {};
  }
  const auto taken = bytes_.subspan(position_, count * element_size);
  position_ += taken.size();
  return taken;
}

template <class T>
std::vector<T> unpacker::run() {
  const auto bytes = take_run(sizeof(T));
  if constexpr (std::same_as<T, bool>) {
    std::vector<bool> all(bytes.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (std::to_integer<unsigned>(bytes[i]) > 1) {
        fail("a bool is neither 0 nor 1");
        return {};
      }
      all[i] = bytes[i] == std::byte{1};
    }
    return all;
  } else {
    auto all = copy_of<T>(bytes);
    if constexpr (std::same_as<T, char32_t>) {
      if (!std::ranges::all_of(all, [](char32_t c) { return is_unicode_scalar(c); })) {
        fail("a char is not a Unicode scalar value");
        return {};
      }
    }
    return all;
  }
}

template <class T>
std::vector<T> copied_run(std::span<const std::byte> run) {
  return copy_of<T>(run);
}

template std::vector<bool> unpacker::run<bool>();
template std::vector<std::int8_t> unpacker::run<std::int8_t>();
template std::vector<std::uint8_t> unpacker::run<std::uint8_t>();
template std::vector<std::int16_t> unpacker::run<std::int16_t>();
template std::vector<std::uint16_t> unpacker::run<std::uint16_t>();
template std::vector<std::int32_t> unpacker::run<std::int32_t>();
template std::vector<std::uint32_t> unpacker::run<std::uint32_t>();
template std::vector<std::int64_t> unpacker::run<std::int64_t>();
template std::vector<std::uint64_t> unpacker::run<std::uint64_t>();
template std::vector<float> unpacker::run<float>();
template std::vector<double> unpacker::run<double>();
template std::vector<char32_t> unpacker::run<char32_t>();

template std::vector<std::int8_t> copied_run<std::int8_t>(std::span<const std::byte>);
template std::vector<std::uint8_t> copied_run<std::uint8_t>(std::span<const std::byte>);
template std::vector<std::int16_t> copied_run<std::int16_t>(std::span<const std::byte>);
template std::vector<std::uint16_t> copied_run<std::uint16_t>(std::span<const std::byte>);
template std::vector<std::int32_t> copied_run<std::int32_t>(std::span<const std::byte>);
template std::vector<std::uint32_t> copied_run<std::uint32_t>(std::span<const std::byte>);
template std::vector<std::int64_t> copied_run<std::int64_t>(std::span<const std::byte>);
template std::vector<std::uint64_t> copied_run<std::uint64_t>(std::span<const std::byte>);
template std::vector<float> copied_run<float>(std::span<const std::byte>);
template std::vector<double> copied_run<double>(std::span<const std::byte>);
template std::vector<char32_t> copied_run<char32_t>(std::span<const std::byte>);

std::size_t unpacker::count(std::size_t size) {
  const std::size_t count = word<std::uint32_t>();
  // Every value takes a byte at least: WIT has no empty records, tuples or flags.
  if (count > remaining()) {
    fail("a count is more than the buffer can hold");
    return 0;
  }
  if (count > budget_ / size) {
    fail_with({errc::limit,
               "the value is made of too many parts: a list of " + std::to_string(count) + " elements"});
    return 0;
  }
  budget_ -= count * size;
  return count;
}

void unpacker::finish() {
  if (position_ != bytes_.size()) fail("bytes are left over");
}

}  // namespace holdfast::wit
