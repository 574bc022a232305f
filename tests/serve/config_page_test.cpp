// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "serve/read_config.hpp"
#include "support/readings.hpp"

using namespace holdfast::serve;
using namespace holdfast::testing_support;

namespace {

// What stands between the first two of `mark` after `from`.
std::string between(const std::string& line, char mark, std::size_t from = 0) {
  const std::size_t begin = line.find(mark, from);
  if (begin == line.npos) return "";
  return line.substr(begin + 1, line.find(mark, begin + 1) - begin - 1);
}

// Every key that docs/configuration.md tells of, by its table, with its default.
std::map<std::string, std::string> keys_of_page() {
  std::map<std::string, std::string> keys;
  std::ifstream page(std::string(HOLDFAST_SOURCE_DIR) + "/docs/configuration.md");
  std::string table;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with('#')) {
      table = between(line, '`');
      std::erase_if(table, [](char c) { return c == '[' || c == ']'; });
    }
    if (!line.starts_with("| `")) continue;
    const std::size_t last = line.rfind('|', line.size() - 2);
    const std::string key = between(line, '`');
    EXPECT_TRUE(keys.emplace(table.empty() ? key : table + "." + key, between(line, '`', last)).second)
        << line;
  }
  return keys;
}

}  // namespace

TEST(config_page, tells_of_every_key_with_its_default_and_of_no_other) {
  const auto page = keys_of_page();
  const auto known = known_keys();
  EXPECT_GT(known.size(), 100U);
  for (const auto& [key, usual] : known) {
    const auto told = page.find(key);
    if (told == page.end()) {
      ADD_FAILURE() << key << " is not in docs/configuration.md";
      continue;
    }
    // Of what 0 stands for, the page says it in words.
    if (told->second.empty() && usual == "0") continue;
    EXPECT_EQ(told->second, usual) << key;
  }
  for (const auto& [key, usual] : page) EXPECT_TRUE(known.contains(key)) << key << " is no key";
}
