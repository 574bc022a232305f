// SPDX-License-Identifier: Apache-2.0
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/expect.hpp"
#include "fuzz/types.hpp"
#include "wit/json.hpp"

// Any bytes as JSON: the first chooses a type, the rest are the text. What is read is written again as the
// same value, whichever way it goes.

using namespace holdfast;
using fuzz::expect;

namespace {

void read_as(const wit::type& of, const boost::json::value& json) {
  const auto read = wit::from_json(of, json);
  if (!read) {
    expect(read.error() == errc::bad_arguments && !read.error().detail.empty(), "a refusal says nothing");
    return;
  }
  const auto written = wit::to_json(of, *read);
  expect(written.has_value(), "what was read cannot be written");
  const auto again = wit::from_json(of, *written);
  expect(again.has_value() && *again == *read, "what was written reads as another value");
  const auto parsed = wit::parse_json(boost::json::serialize(*written));
  expect(parsed.has_value(), "the text that was written is not JSON");
  const auto by_text = wit::from_json(of, *parsed);
  expect(by_text.has_value() && *by_text == *read, "the text that was written reads as another value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const wit::type& of = fuzz::type_of(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto json = wit::parse_json(text);
  if (!json) {
    expect(json.error() == errc::bad_arguments && !json.error().detail.empty(), "a refusal says nothing");
    return 0;
  }
  const auto again = wit::parse_json(boost::json::serialize(*json));
  expect(again.has_value() && *again == *json, "JSON that is written again is other JSON");
  read_as(of, *json);

  wit::function call;
  call.name = "call";
  call.params = {{"first", of}, {"second", wit::type::option(wit::kind::u8)}};
  const auto arguments = wit::arguments_from_json(call, *json);
  if (!arguments) return 0;
  expect(arguments->size() == 2, "a call has another number of arguments than its function");
  boost::json::array in_order;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto written = wit::to_json(call.params[i].type, (*arguments)[i]);
    expect(written.has_value(), "an argument that was read cannot be written");
    in_order.push_back(*written);
  }
  const auto same = wit::arguments_from_json(call, in_order);
  expect(same.has_value() && *same == *arguments, "arguments in order read as other ones");
  return 0;
}
