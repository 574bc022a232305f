// SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "bench/plot.hpp"

namespace holdfast::bench {
namespace {

TEST(report, writes_every_key_of_every_figure) {
  results all;
  all.figures.push_back({.name = "a", .value = 3, .floor = 2.0, .must = bar{1.3}, .aim = 1.1});
  all.figures.push_back({.name = "b", .unit = "ms", .value = 4});
  const auto path = std::filesystem::path(testing::TempDir()) / "bench-report-test.json";
  write_json(path, all);
  std::ifstream file(path);
  const auto read = boost::json::parse(std::string(std::istreambuf_iterator<char>(file), {})).as_array();
  std::filesystem::remove(path);
  ASSERT_EQ(read.size(), 2U);
  const auto& first = read[0].as_object();
  EXPECT_EQ(first.at("name"), "a");
  EXPECT_EQ(first.at("ratio").as_double(), 1.5);
  EXPECT_EQ(first.at("bar").as_double(), 1.3);
  EXPECT_EQ(first.at("bar_is"), "at_most");
  EXPECT_EQ(first.at("bar_of"), "ratio");
  EXPECT_EQ(first.at("aim").as_double(), 1.1);
  EXPECT_FALSE(first.at("ok").as_bool());
  const auto& second = read[1].as_object();
  for (const char* const key : {"floor", "ratio", "bar", "bar_is", "bar_of", "aim"})
    EXPECT_TRUE(second.at(key).is_null()) << key;
  EXPECT_TRUE(second.at("ok").as_bool());
  EXPECT_EQ(second.at("unit"), "ms");
}

TEST(report, says_so_where_it_cannot_write) {
  EXPECT_THROW(write_json("/nowhere/at/all.json", {}), std::runtime_error);
}

TEST(plot, puts_the_points_of_a_curve_inside) {
  const plot one{
      .title = "t", .across = "cells", .curves = {{"c", "#000", {{1, 10}, {100, 1000}, {10'000, 5000}}}}};
  const std::string text = svg({&one, 1});
  EXPECT_NE(text.find("64.0,223.7 242.0,"), std::string::npos)
      << text;  // the first at the left, nearly at the bottom
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
}

TEST(plot, of_nothing_is_an_empty_picture) {
  const plot none{.title = "t", .across = "cells", .curves = {}};
  EXPECT_EQ(svg({&none, 1}).find("polyline"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::bench
