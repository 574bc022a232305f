// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/run_command.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

const std::string source = HOLDFAST_SOURCE_DIR;

// Runs where the guests are, so that no path of this machine gets into the page.
ended docs(std::vector<std::string> words) {
  words.insert(words.begin(), "docs");
  return run_holdfast(words, {.folder = HOLDFAST_GUESTS_DIR});
}

// Compares with a file of tests/cli/golden; HOLDFAST_UPDATE_GOLDEN=1 writes it instead, to be looked at.
void expect_golden(const std::string& page, const std::string& name) {
  const std::string path = source + "/tests/cli/golden/" + name;
  if (std::getenv("HOLDFAST_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << page;
  EXPECT_EQ(page, contents_of(path)) << "look at the difference, then run with HOLDFAST_UPDATE_GOLDEN=1";
}

void expect_refused(const ended& told, const std::vector<std::string>& says) {
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(lines_in(told.err), 1) << told.err;
  EXPECT_EQ(obeyed_in(told.err), "");
  for (const std::string& part : says) EXPECT_THAT(told.err, HasSubstr(part));
}

// A component whose one export is of the reader's naming.
std::string exporting(const std::string& name) {
  return "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func "
         "(export \"" +
         name + "\") (canon lift (core func $i \"f\"))))";
}

std::string marks_of(const std::string& path, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"docs", path, "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const ended told = run_holdfast(words);
  EXPECT_EQ(told.code, 0) << told.out << told.err;
  return told.code == 0 ? boost::json::serialize(boost::json::parse(told.out).at("exports").at(0).at("marks"))
                        : "";
}

}  // namespace

TEST(docs, of_a_guest_in_markdown_are_as_they_were) {
  const ended told = docs({"orders.wasm"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  expect_golden(told.out, "orders.md");
  expect_golden(docs({"kinds.wasm"}).out, "kinds.md");
}

TEST(docs, of_a_guest_in_html_are_as_they_were) {
  const ended told = docs({"orders.wasm", "--format", "html"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  expect_golden(told.out, "orders.html");
}

TEST(docs, of_a_guest_in_json_are_one_line_as_it_was) {
  const ended told = docs({"orders.wasm", "--format", "json"});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  EXPECT_EQ(lines_in(told.out), 1U);
  expect_golden(told.out, "orders.json");
  EXPECT_EQ(docs({"orders.wasm", "--json"}).out, told.out);
}

TEST(docs, mark_the_exports_that_are_non_cancellable) {
  const auto json = boost::json::parse(docs({"orders.wasm", "--json"}).out);
  for (const auto& each : json.at("exports").as_array()) {
    const auto& name = each.at("name").as_string();
    const bool changes = name == "place" || name == "place-slowly" || name == "trap" || name == "spin";
    EXPECT_EQ(each.at("cancellable").as_bool(), !changes) << name;
    EXPECT_EQ(each.at("retry_safe").as_bool(), !changes) << name;
  }
}

TEST(docs, of_a_component_that_carries_none_come_from_its_wit) {
  const std::string wit = source + "/guests/counter-js/wit";
  const ended bare = docs({"counter-js.wasm"});
  EXPECT_EQ(bare.code, 0) << bare.err;
  EXPECT_THAT(bare.out, Not(HasSubstr("Places `quantity`")));
  const ended told = docs({"counter-js.wasm", "--wit", wit});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out,
              AllOf(HasSubstr("> Places `quantity` of an item."), HasSubstr("Marks: **read-only**")));
}

TEST(docs, are_written_to_a_file_whole_or_not_at_all) {
  const scratch_folder folder;
  const std::string file = (folder.path() / "page.html").string();
  const ended told = docs({"orders.wasm", "--format", "html", "-o", file});
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(contents_of(file), contents_of(source + "/tests/cli/golden/orders.html"));
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
  EXPECT_THAT(docs({"orders.wasm", "-o", "-"}).out, StartsWith("# orders.wasm"));
  expect_refused(docs({"orders.wasm", "-o", "/no/such/folder/x.md"}), {"/no/such/folder/x.md: "});
  expect_refused(docs({"orders.wasm", "-o", folder.path().string()}), {"is a directory"});
  expect_refused(docs({"orders.wasm", "-o", "/dev/full"}), {"/dev/full: cannot be written"});
}

TEST(docs, embedded_make_a_component_that_knows_its_contract_and_still_runs) {
  const scratch_folder folder;
  const std::string made = (folder.path() / "orders.wasm").string();
  const std::string manifest =
      folder.write("marks.json", R"({"exports": {"place": ["kill-safe"], "count": []}})");
  ASSERT_EQ(docs({"orders.wasm", "--manifest", manifest, "--embed", "-o", made}).code, 0);
  const std::string page = run_holdfast({"docs", made}).out;
  EXPECT_EQ(page, docs({"orders.wasm", "--manifest", manifest}).out);
  EXPECT_NE(page, docs({"orders.wasm"}).out);
  EXPECT_EQ(run_holdfast({"call", made, "add(1, 2)"}).out, "3\n");
  // In place, and again: the same bytes.
  const std::string once = contents_of(made);
  EXPECT_EQ(run_holdfast({"docs", made, "--embed", "-o", made}).code, 0);
  EXPECT_EQ(contents_of(made), once);
  expect_refused(run_holdfast({"docs", made, "--embed"}), {"name its file with --output"});
  expect_refused(run_holdfast({"docs", guest("hello.wat"), "--embed", "-o", made}),
                 {"hello.wat: only a binary"});
}

TEST(docs, take_marks_from_the_manifest_before_the_wit_before_the_component) {
  const scratch_folder folder;
  const std::string app = folder.write(
      "app.wat",
      R"((component (@custom "holdfast-docs" "{\"version\":1,\"functions\":{\"run\":{\"marks\":[\"idempotent\"]}}}"))"
      R"( (core module $m (func (export "f"))) (core instance $i (instantiate $m)))"
      R"( (func (export "run") (canon lift (core func $i "f")))))");
  EXPECT_EQ(marks_of(app), R"(["idempotent"])");
  const std::string wit =
      folder.write("app.wit", "package a:b; world w {\n/// @holdfast: read-only\nexport run: func(); }");
  EXPECT_EQ(marks_of(app, {"--wit", wit}), R"(["read-only"])");
  const std::string other = folder.write("other.json", R"({"exports":{"run":[]}})");
  folder.write("app.holdfast.json", R"({"exports":{"run":["kill-safe"]}})");
  EXPECT_EQ(marks_of(app), R"(["kill-safe"])");
  EXPECT_EQ(marks_of(app, {"--wit", wit}), R"(["kill-safe"])");
  EXPECT_EQ(marks_of(app, {"--wit", wit, "--manifest", other}), "[]");
}

TEST(docs, with_a_wrong_source_are_refused_with_its_place) {
  const scratch_folder folder;
  const std::string app = folder.write("app.wat", exporting("run"));
  const std::string manifest = folder.write("m.json", "{\"exports\": {\n  \"rum\": []}}");
  expect_refused(run_holdfast({"docs", app, "--manifest", manifest}),
                 {"m.json:2:3: no export `rum`; the nearest is `run`"});
  const std::string wit =
      folder.write("w.wit", "package a:b;\nworld w {\n  /// @holdfast: killsafe\n  export run: func();\n}");
  expect_refused(run_holdfast({"docs", app, "--wit", wit}), {"w.wit:4:10: no mark `killsafe`"});
  expect_refused(run_holdfast({"docs", app, "--wit", wit + "x"}), {"w.witx: No such file"});
  expect_refused(run_holdfast({"docs", app, "--manifest", "/no/such"}), {"/no/such: No such file"});
  expect_refused(run_holdfast({"docs", app, "--format", "pdf"}), {"--format", "pdf"});
  folder.write("app.holdfast.json", "{");
  // A contract that cannot be read is no contract: nothing runs under a wrong one.
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"docs", app}, {"inspect", app}, {"call", app, "run()"}})
    expect_refused(run_holdfast(command), {"app.holdfast.json:1:2: "});
  const ended json = run_holdfast({"docs", app, "--json"});
  EXPECT_EQ(json.code, 2);
  EXPECT_EQ(std::string(boost::json::parse(json.out).at("error").as_string()), "bad_contract");
}

TEST(docs, of_hostile_comments_and_paths_are_safe_to_show) {
  const scratch_folder folder;
  const std::string app = folder.write("<script>\xe2\x80\xae.wat", exporting("run"));
  // In a WIT, control characters are refused by its grammar; in a section they arrive.
  const std::string carried = folder.write(
      "carried.wat",
      "(component (@custom \"holdfast-docs\" "
      "\"{\\\"version\\\":1,\\\"functions\\\":{\\\"run\\\":{\\\"docs\\\":"
      "\\\"\\\\u001b[31mred</script><script>alert(1)</script>\\\\u202e [x](javascript:y)\\\"}}}\") " +
          exporting("run").substr(11));
  for (const std::string& path : {app, carried}) {
    for (const char* format : {"markdown", "html", "json"}) {
      const ended told = run_holdfast({"docs", path, "--format", format});
      EXPECT_EQ(told.code, 0) << told.err;
      EXPECT_EQ(obeyed_in(told.out), "") << format;
      if (std::string(format) == "html") {
        EXPECT_THAT(told.out, Not(HasSubstr("<script")));
      }
    }
  }
  EXPECT_THAT(run_holdfast({"docs", carried}).out, HasSubstr("> \\\\x1b\\[31mred\\</script\\>\\<script\\>"));
}

TEST(docs, of_a_mebibyte_are_cut_and_their_marks_are_not) {
  const scratch_folder folder;
  const std::string app = folder.write("app.wat", exporting("run"));
  std::string wit = "package a:b; world w {\n";
  for (int i = 0; i < 20'000; ++i)
    wit += "/// A line of documentation that says very little about anything.\n";
  const std::string path = folder.write("w.wit", wit + "/// @holdfast: read-only\nexport run: func(); }");
  const ended told = run_holdfast({"docs", app, "--wit", path}, {.limit = std::chrono::seconds(30)});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_LT(told.out.size(), 100'000U);
  EXPECT_THAT(told.out, AllOf(HasSubstr("\\[...\\]"), HasSubstr("Marks: **read-only**")));
}
