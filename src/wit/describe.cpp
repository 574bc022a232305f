// SPDX-License-Identifier: Apache-2.0
#include "wit/describe.hpp"

#include <array>
#include <string_view>

namespace holdfast::wit {

std::string describe(const value& v) {
  // The alternatives of `value::storage`, in their order.
  constexpr std::array<std::string_view, std::variant_size_v<value::storage>> names = {
      "bool",      "s8",        "u8",        "s16",        "u16",       "s32",       "u32",
      "s64",       "u64",       "f32",       "f64",        "char",      "string",    "list<bool>",
      "list<s8>",  "list<u8>",  "list<s16>", "list<u16>",  "list<s32>", "list<u32>", "list<s64>",
      "list<u64>", "list<f32>", "list<f64>", "list<char>", "list",      "record",    "tuple",
      "variant",   "enum",      "option",    "result",     "flags",     "handle",    "stream or future"};
  return std::string(names[v.index()]);
}

std::string short_spelling(const type& t) {
  constexpr std::size_t enough = 80;
  if (t.kind() == kind::unsupported) return t.to_string();
  // A deep or wide type is not spelled out only to be thrown away.
  const std::size_t parts = t.fields().size() + t.cases().size() + t.names().size() + t.elements().size();
  if (t.depth() > 6 || parts > 12) return std::string(to_string(t.kind()));
  std::string spelling = t.to_string();
  return spelling.size() <= enough ? spelling : std::string(to_string(t.kind()));
}

std::string wrong_count(const function& of, std::size_t got) {
  const std::size_t wanted = of.params.size();
  return "`" + of.name + "` takes " + std::to_string(wanted) + (wanted == 1 ? " argument" : " arguments") +
         ", got " + std::to_string(got);
}

}  // namespace holdfast::wit
