// SPDX-License-Identifier: Apache-2.0
#include <holdfast/packer.hpp>

#include "wit/utf8.hpp"

namespace holdfast::wit {

bool packer::length(std::size_t count) {
  if (count > longest)
    return fail(std::to_string(count) + " elements are more than a list or string can hold");
  return word(static_cast<std::uint32_t>(count));
}

bool packer::character(char32_t letter) {
  return is_unicode_scalar(letter) ? word(static_cast<std::uint32_t>(letter))
                                   : fail("not a Unicode scalar value");
}

bool packer::text(std::string_view letters) {
  const std::size_t good = valid_utf8_prefix(letters);
  if (good != letters.size()) return fail("the string is not UTF-8 at byte " + std::to_string(good));
  return run(letters.data(), letters.size(), 1);
}

bool packer::text(std::string&& letters) {
  if (!keeps(letters.size()) || letters.size() > longest || valid_utf8_prefix(letters) != letters.size())
    return text(std::string_view(letters));
  // So large a string has its letters on the heap, where they stay when it is moved.
  const char* const first = letters.data();
  const std::size_t size = letters.size();
  keep(value(std::move(letters)), first, size, size);
  return true;
}

bool packer::run(const void* first, std::size_t count, std::size_t size) {
  if (!length(count)) return false;
  if (count > 0) std::memcpy(grow(count * size), first, count * size);
  return true;
}

void packer::keep(value owner, const void* first, std::size_t count, std::size_t bytes) {
  kept_.push_back(std::move(owner));
  word(static_cast<std::uint32_t>(count) | by_reference_bit);
  word(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(first)));
  // The queue's bound counts what is held, not only what is sent.
  referred_ += bytes + sizeof(value);
}

}  // namespace holdfast::wit
