// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "fuzz/expect.hpp"
#include "fuzz/types.hpp"
#include "wit/wave.hpp"

// Any bytes as WAVE: the first chooses a type, the rest are a call whose first argument has it, and a value.
// What is read is printed as text that reads the same. The grammar itself is Rust and is not instrumented.

using namespace holdfast;
using fuzz::expect;

namespace {

void print_and_read(const wit::type& of, const wit::value& held) {
  const auto text = wit::to_wave(of, held);
  expect(text.has_value(), "what was read cannot be printed");
  const auto again = wit::parse_wave(of, *text);
  expect(again.has_value() && *again == held, "what was printed reads as another value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const wit::type& of = fuzz::type_of(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto one = wit::parse_wave(of, text))
    print_and_read(of, *one);
  else
    expect(one.error() == errc::bad_arguments && !one.error().detail.empty(), "a refusal says nothing");

  const auto split = wit::parse_call(text);
  if (!split) {
    expect(split.error() == errc::bad_arguments && !split.error().detail.empty(), "a refusal says nothing");
    return 0;
  }
  expect(!split->name.empty() && split->arguments.starts_with('('), "a call without name or arguments");
  expect(split->arguments.data() == text.data() + split->offset &&
             split->arguments.size() == text.size() - split->offset,
         "the arguments are not the rest of the text");
  wit::function call;
  call.name = split->name;
  call.params = {{"first", of}, {"second", wit::type::option(wit::kind::u8)}};
  const auto arguments = wit::parse_wave_args(call, *split);
  if (!arguments) {
    expect(arguments.error() == errc::bad_arguments, "text is refused for another reason than itself");
    return 0;
  }
  expect(arguments->size() == 2, "a call has another number of arguments than its function");
  for (std::size_t i = 0; i < 2; ++i) print_and_read(call.params[i].type, (*arguments)[i]);
  return 0;
}
