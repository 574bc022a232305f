// SPDX-License-Identifier: Apache-2.0
#include "wit/carried.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

using namespace holdfast;
using testing::HasSubstr;

namespace {

using bytes = std::vector<std::byte>;

constexpr std::string_view header("\0asm\x0d\0\1\0", 8);

bytes bytes_of(std::string_view text) {
  const auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}

std::string number(std::size_t n) {
  std::string out;
  do {
    out += static_cast<char>((n & 0x7F) | (n > 0x7F ? 0x80 : 0));
    n >>= 7;
  } while (n != 0);
  return out;
}

// A component of one custom section.
std::string section(std::string_view name, std::string_view contents) {
  const std::string inside = number(name.size()) + std::string(name) + std::string(contents);
  return std::string(1, '\0') + number(inside.size()) + inside;
}

bytes carrying(std::string_view name, std::string_view contents) {
  return bytes_of(std::string(header) + section(name, contents));
}

wit::world exporting_run_and_merge() {
  wit::world w;
  w.exports.functions.emplace_back().name = "run";
  auto& things = w.exports.interfaces.emplace_back();
  things.name = "acme:kinds/things@1.0.0";
  things.functions.emplace_back().name = "merge";
  things.functions.back().interface = things.name;
  things.functions.back().index = 1;
  return w;
}

wit::world described() {
  wit::world w = exporting_run_and_merge();
  w.exports.functions[0].docs = "Runs: \"it\" \x1b[31m.";
  w.exports.functions[0].contract = cancel_mark::idempotent | cancel_mark::kill_safe;
  w.exports.interfaces[0].docs = "Things.";
  w.exports.interfaces[0].functions[0].contract = cancel_mark::read_only;
  return w;
}

wit::world applied(const bytes& component) {
  wit::world w = exporting_run_and_merge();
  const auto read = apply_carried(w, component);
  EXPECT_TRUE(read.has_value()) << read.error().detail;
  return w;
}

std::string refused(const bytes& component) {
  wit::world w = exporting_run_and_merge();
  const auto read = apply_carried(w, component);
  EXPECT_FALSE(read.has_value());
  return read ? "" : read.error().detail;
}

void expect_described(const wit::world& w) {
  const wit::world all = described();
  EXPECT_EQ(w.exports.functions[0].docs, all.exports.functions[0].docs);
  EXPECT_EQ(w.exports.functions[0].contract, all.exports.functions[0].contract);
  EXPECT_EQ(w.exports.interfaces[0].docs, "Things.");
  EXPECT_EQ(w.exports.interfaces[0].functions[0].contract, cancel_mark::read_only);
}

}  // namespace

TEST(carried, is_read_back_as_it_was_embedded) {
  const auto made = wit::embed(bytes_of(header), described());
  ASSERT_TRUE(made);
  expect_described(applied(*made));
}

TEST(carried, embedded_anew_replaces_what_was_there_and_leaves_other_sections) {
  const bytes before = carrying("other", "kept");
  const auto once = wit::embed(before, exporting_run_and_merge());
  ASSERT_TRUE(once);
  const auto twice = wit::embed(*once, described());
  ASSERT_TRUE(twice);
  EXPECT_EQ(*wit::embed(*twice, described()), *twice);
  EXPECT_EQ(bytes(twice->begin(), twice->begin() + static_cast<std::ptrdiff_t>(before.size())), before);
  expect_described(applied(*twice));
}

TEST(carried, is_found_in_a_component_in_text_form_too) {
  const wit::world w = applied(bytes_of(
      R"((component (@custom "holdfast-docs" "{\"version\":1,\"functions\":{\"run\":{\"marks\":[\"read-only\"]}}}")))"));
  EXPECT_EQ(w.exports.functions[0].contract, cancel_mark::read_only);
}

TEST(carried, nothing_is_nothing) {
  for (const std::string_view text :
       {header, std::string_view(), std::string_view("(component)"), header.substr(0, 5)})
    EXPECT_TRUE(applied(bytes_of(text)).exports.functions[0].docs.empty());
}

TEST(carried, cut_off_anywhere_is_no_crash_and_nothing_invented) {
  const auto made = wit::embed(bytes_of(header), described());
  ASSERT_TRUE(made);
  for (std::size_t size = 0; size < made->size(); ++size) {
    const wit::world w = applied(bytes(made->begin(), made->begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_TRUE(w.exports.functions[0].contract.empty()) << size;
  }
}

TEST(carried, of_ours_that_is_wrong_is_refused) {
  const auto told = [](std::string_view contents) { return refused(carrying("holdfast-docs", contents)); };
  EXPECT_THAT(told("{"), HasSubstr("its section `holdfast-docs`: not JSON"));
  EXPECT_THAT(told("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(told(R"({"version":2})"), HasSubstr("another version than 1"));
  EXPECT_THAT(told(R"({"version":1,"functions":{"run":{"marks":["safe"]}}})"),
              HasSubstr("on `run`: no mark `safe`; the nearest is"));
  EXPECT_THAT(told(R"({"version":1,"functions":{"run":{"marks":7}}})"), HasSubstr("`marks` is no list"));
  EXPECT_THAT(told(R"({"version":1,"functions":{"run":7}})"), HasSubstr("expected an object"));
  EXPECT_EQ(
      applied(carrying("holdfast-docs", R"({"version":1,"functions":{"gone":7}})")).exports.functions[0].docs,
      "");
}

TEST(carried, package_docs_of_the_first_two_versions_are_read) {
  const std::string now =
      R"({"worlds":{"root":{"funcs":{"run":{"docs":"imported"}},"func_exports":{"run":{"docs":"Runs.\n@holdfast: idempotent"}},)"
      R"("interface_export_docs":{"acme:kinds/things@1.0.0":"@holdfast: read-only"}}}})";
  const wit::world w = applied(carrying("package-docs", "\x01" + now));
  EXPECT_EQ(w.exports.functions[0].docs, "Runs.");
  EXPECT_EQ(w.exports.functions[0].contract, cancel_mark::idempotent);
  const std::string before =
      R"({"worlds":{"root":{"funcs":{"run":"Ran."}}},"interfaces":{"things":{"funcs":{"merge":"Merged."}}}})";
  const wit::world old = applied(carrying("package-docs", std::string(1, '\0') + before));
  EXPECT_EQ(old.exports.functions[0].docs, "Ran.");
  EXPECT_EQ(old.exports.interfaces[0].functions[0].docs, "Merged.");
}

TEST(carried, package_docs_that_cannot_be_read_are_passed_over) {
  for (const char* contents : {"", "\x02{}", "\x01", "\x01{", "\x01[]", "\x01{\"worlds\":7}",
                               "\x01{\"worlds\":{\"root\":{\"func_exports\":{\"run\":7}}}}"})
    EXPECT_TRUE(applied(carrying("package-docs", contents)).exports.functions[0].docs.empty());
}

TEST(carried, package_docs_with_a_wrong_mark_are_refused_with_the_function) {
  EXPECT_EQ(refused(carrying(
                "package-docs",
                "\x01{\"worlds\":{\"root\":{\"func_exports\":{\"run\":{\"docs\":\"@holdfast: idem\"}}}}}")),
            "its section `package-docs`, on `run`: no mark `idem`; the nearest is `none`");
}

TEST(carried, can_only_be_put_into_a_binary_component) {
  for (const std::string_view text :
       {std::string_view("(component)"), std::string_view("\0asm\1\0\0\0", 8)}) {
    const auto made = wit::embed(bytes_of(text), described());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error(), errc::bad_contract);
  }
  EXPECT_FALSE(wit::embed(bytes_of(std::string(header) + "\1\x7f"), described()));
}
