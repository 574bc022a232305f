// SPDX-License-Identifier: Apache-2.0
#include "serve/trace_context.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast::serve {
namespace {

const std::string given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string state(std::vector<http_field> fields) { return parse_tracestate(fields); }

TEST(traceparent, is_read_and_written_back_as_it_came) {
  const auto read = parse_traceparent(given);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->sampled);
  EXPECT_EQ(read->span, 0x00f067aa0ba902b7U);
  EXPECT_EQ(read->trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(read->traceparent(), given);
}

TEST(traceparent, says_by_its_last_bit_alone_whether_it_is_sampled) {
  const std::string head = given.substr(0, 53);
  EXPECT_FALSE(parse_traceparent(head + "00")->sampled);
  EXPECT_FALSE(parse_traceparent(head + "fe")->sampled);
  EXPECT_TRUE(parse_traceparent(head + "ff")->sampled);
}

TEST(traceparent, of_a_later_version_is_read_as_far_as_it_is_known) {
  const std::string tail = given.substr(2);
  EXPECT_TRUE(parse_traceparent("01" + tail));
  EXPECT_TRUE(parse_traceparent("cc" + tail + "-what-comes-later"));
  EXPECT_FALSE(parse_traceparent("cc" + tail + ".what"));
  EXPECT_FALSE(parse_traceparent("ff" + tail)) << "a version that none may have";
  EXPECT_FALSE(parse_traceparent("00" + tail + "-more"));
  EXPECT_EQ(parse_traceparent("cc" + tail + "-x")->traceparent(), given) << "it is passed on as version 00";
}

TEST(traceparent, that_is_malformed_is_none) {
  const std::string zeros(32, '0');
  const std::vector<std::string> all{"",
                                     "00",
                                     given.substr(0, 54),
                                     given + " ",
                                     " " + given,
                                     "00-" + zeros + "-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                     "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
                                     "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01"};
  for (const std::string& wrong : all) EXPECT_FALSE(parse_traceparent(wrong)) << wrong;
}

TEST(tracestate, of_several_fields_is_one) {
  EXPECT_EQ(state({{"tracestate", "a=1, b=2"}, {"other", "x=y"}, {"tracestate", "c@d=3"}}), "a=1,b=2,c@d=3");
  EXPECT_EQ(state({{"tracestate", " , a=1,,"}}), "a=1");
  EXPECT_EQ(state({}), "");
}

TEST(tracestate, that_is_malformed_is_dropped_whole) {
  for (const char* const wrong : {"a", "a=", "=1", "A=1", "a=1,b", "a=1=2", "a=\x7f"})
    EXPECT_EQ(state({{"tracestate", wrong}}), "") << wrong;
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=v,";
  EXPECT_EQ(state({{"tracestate", many}}), "");
}

TEST(a_sender, whose_traceparent_is_malformed_has_no_tracestate_either) {
  http_request asked;
  asked.fields = {{"traceparent", given}, {"tracestate", "a=1"}};
  ASSERT_TRUE(sender_of(asked));
  EXPECT_EQ(sender_of(asked)->state, "a=1");
  asked.fields[0].value = "nonsense";
  EXPECT_FALSE(sender_of(asked));
}

}  // namespace
}  // namespace holdfast::serve
