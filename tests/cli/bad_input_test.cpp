// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "cli/run_command.hpp"
#include "support/contents_of.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast::testing_support;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

// One line on standard error that says all of it, exit code 2, and nothing on standard output.
void expect_refused(const std::vector<std::string>& arguments, const std::vector<std::string>& says,
                    const surroundings& around = {.limit = 30s}) {
  const ended told = run_holdfast(arguments, around);
  std::string asked;
  for (const std::string& word : arguments) asked += " " + word.substr(0, 80);
  SCOPED_TRACE("holdfast" + asked);
  EXPECT_FALSE(told.hung);
  EXPECT_EQ(told.signal, 0);
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(lines_in(told.err), 1) << told.err;
  EXPECT_THAT(told.err, AllOf(StartsWith("holdfast: "), EndsWith("\n")));
  EXPECT_EQ(obeyed_in(told.err), "");
  EXPECT_EQ(told.err.find("\\n"), std::string::npos) << "several lines pressed into one: " << told.err;
  for (const std::string& part : says) EXPECT_THAT(told.err, HasSubstr(part));
}

void expect_file_refused(const std::string& path, const std::vector<std::string>& says) {
  expect_refused({"call", path, "add(1, 2)"}, says);
  expect_refused({"inspect", path}, says);
}

}  // namespace

TEST(bad_input, a_file_that_is_not_there_or_no_component_is_named_for_what_it_is) {
  const scratch_folder folder;
  expect_file_refused((folder.path() / "missing.wasm").string(), {"missing.wasm: No such file or directory"});
  expect_file_refused(folder.path().string(), {"is a directory"});
  expect_file_refused(folder.write("empty.wasm", ""), {"empty.wasm: the input is empty"});
  expect_file_refused(folder.write("notes.txt", "hello world\n"),
                      {"neither a WebAssembly component nor component text"});
  expect_file_refused(folder.write("image.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)),
                      {"neither a WebAssembly"});
  expect_file_refused(folder.write("noise.wasm", std::string("\0asm\xff\xff\xff\xff\x01\x02\x03", 11)),
                      {"noise.wasm: "});
  expect_file_refused(folder.write("core.wasm", std::string("\0asm\x01\0\0\0", 8)),
                      {"a core WebAssembly module, not a component"});
  expect_file_refused(folder.write("core.wat", "(module)"), {"a core WebAssembly module, not a component"});
}

TEST(bad_input, a_stream_is_refused_before_the_guest_runs) {
  expect_refused({"call", guest("pipes.wat"), "count(3)"},
                 {"`count` returns a stream or a future, which cannot be printed"});
  expect_refused({"call", guest("pipes.wat"), "sum([1, 2])"},
                 {"argument 1 (in)", "cannot be written as text"});
}

TEST(bad_input, a_component_cut_off_anywhere_is_refused_in_one_line) {
  const scratch_folder folder;
  const std::string whole = contents_of(guest("orders.wasm"));
  ASSERT_GT(whole.size(), 4000U);
  // Not at 8: the header alone is a component, an empty one.
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{3}, std::size_t{5}, std::size_t{7}, std::size_t{9}, std::size_t{100},
        std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
    SCOPED_TRACE(size);
    expect_file_refused(folder.write("cut.wasm", whole.substr(0, size)), {"truncated"});
  }
}

TEST(bad_input, a_flipped_byte_never_crashes_the_command) {
  const scratch_folder folder;
  const std::string whole = contents_of(guest("orders.wasm"));
  for (std::size_t at = 8; at < whole.size(); at += whole.size() / 12) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(~flipped[at]);
    const ended told = run_holdfast(
        {"call", folder.write("flipped.wasm", flipped), "add(1, 2)", "--no-cache"}, {.limit = 30s});
    EXPECT_FALSE(told.hung) << at;
    EXPECT_EQ(told.signal, 0) << at;
    EXPECT_NE(told.code, 70) << at << ": " << told.err;
    EXPECT_EQ(obeyed_in(told.err), "") << at;
  }
}

TEST(bad_input, wrong_component_text_is_refused_with_its_line_and_column) {
  const scratch_folder folder;
  expect_file_refused(folder.write("bad.wat", "(component\n  (core module\n    (func i32.bogus)))"),
                      {"bad.wat: ", "at line 3, column 11"});
  expect_file_refused(folder.write("open.wat", "(component"), {"open.wat: ", "line 1"});
  expect_file_refused(folder.write("escape.wat", "(component (import \"\x1b[31m\" (func)))"),
                      {"escape.wat: "});
  expect_file_refused(
      folder.write("name.wat", "(component (import \"a\" (func)) (export \"b\\1b\\0ac\" (func 0)))"),
      {"name.wat: "});
}

TEST(bad_input, every_import_that_no_host_has_is_named) {
  expect_refused({"call", guest("unknown-import.wat"), "run()"},
                 {"`acme:wares/stock@1.2.0#level`", "`ring-bell`", "not defined"});
  expect_refused({"call", guest("sleeper.wat"), "nap(1)"}, {"`holdfast:demo/host#sleep`"});
}

TEST(bad_input, an_unknown_export_is_answered_with_the_nearest) {
  expect_refused({"call", guest("orders.wasm"), "plase(7, \"book\", 2)"}, {"no export `plase`", "`place`"});
  expect_refused({"call", guest("kinds.wasm"), "things.merg()"}, {"`holdfast:kinds/things#merge`"});
  expect_refused({"call", guest("orders.wasm"), "a\x1b[31mdd(1, 2)"}, {"`a\\x1b[31mdd`", "`add`"});
}

TEST(bad_input, an_ambiguous_export_is_answered_with_the_candidates) {
  const scratch_folder folder;
  const std::string path = folder.write("two.wat", R"((component
    (core module $m (func (export "f")))
    (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f")))
    (instance $one (export "run" (func $f)))
    (export "acme:a/one" (instance $one))
    (export "acme:b/two" (instance $one))))");
  expect_refused({"call", path, "run()"}, {"several exports", "`acme:a/one#run`", "`acme:b/two#run`"});
  EXPECT_EQ(run_holdfast({"call", path, "two.run()"}).code, 0);
}

TEST(bad_input, a_wrong_argument_is_refused_with_its_place) {
  const std::string orders = guest("orders.wasm");
  expect_refused({"call", orders, "place(7, \"book\")"}, {"takes 3 arguments, got 2"});
  expect_refused({"call", orders, "place(7, \"book\", 2, 3)"}, {"takes 3 arguments, got 4"});
  expect_refused({"call", orders, "count(1)"}, {"got 1"});
  expect_refused({"call", orders, "place(7, 8, 2)"},
                 {"argument 2 (item): expected string, got a number, at byte 9"});
  expect_refused({"call", orders, "place(7, \"book\", 99999999999)"},
                 {"argument 3 (quantity): 99999999999 does not fit u32"});
  expect_refused({"call", orders, "place(-1, \"book\", 2)"}, {"argument 1 (id)", "-1"});
  expect_refused({"call", orders, "add(1.5, 2)"}, {"argument 1 (a)"});
  const std::string kinds = guest("kinds.wasm");
  expect_refused({"call", kinds, "echo-u8(256)"}, {"256 does not fit u8"});
  expect_refused({"call", kinds, "echo-s8(-129)"}, {"-129 does not fit s8"});
  expect_refused({"call", kinds, "echo-char('ab')"}, {"at byte"});
  expect_refused({"call", kinds, "echo-point({x: 1})"}, {"argument 1 (v)", "y"});
  expect_refused({"call", kinds, "echo-point({x: 1, y: true})"}, {"argument 1 (v)", "y"});
  expect_refused({"call", kinds, "echo-color(mauve)"}, {"mauve"});
  expect_refused({"call", kinds, "echo-shorts([1, 2, \"three\"])"}, {"argument 1 (v)", "2"});
  expect_refused({"call", kinds, "counter.next(3)"}, {"resource handle"});
}

TEST(bad_input, what_is_no_call_in_wave_is_refused_with_its_place) {
  const std::string orders = guest("orders.wasm");
  for (const char* text :
       {"", " ", "place", "place 7", "(7)", "place(", "place(7", "place(7,, 2)", "place)", "place(7) 8",
        "place(7, \"book, 9)", "place(\"\\q\")", "place(7, 'b", "place({)", "place([1)"})
    expect_refused({"call", orders, text}, {"at byte"});
  expect_refused({"call", orders, "add(1,\xff\xfe)"}, {"not UTF-8, at byte 6"});
  expect_refused({"call", orders, "add(1,\x1b[31m)"}, {"at byte"});
}

TEST(bad_input, a_deeply_nested_value_is_refused_and_does_not_use_up_the_stack) {
  constexpr std::size_t depth = 200'000;
  const auto repeat = [](std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < depth; ++i) all += text;
    return all;
  };
  const std::string kinds = guest("kinds.wasm");
  for (const std::string& text :
       {"echo-table(" + repeat("[") + repeat("]") + ")",
        "echo-person(" + repeat("{name:") + repeat("}") + ")",
        "echo-maybe-maybe(" + repeat("some(") + repeat(")") + ")",
        "echo-tuple(" + repeat("(") + repeat(")") + ")", "echo-table(" + repeat("[")})
    expect_refused({"call", kinds, "-"}, {"nests deeper than 100", "at byte"}, {.input = text, .limit = 30s});
}

TEST(bad_input, an_argument_of_a_gibibyte_is_refused_early) {
  const ended told = run_holdfast({"call", guest("hello.wat"), "-"},
                                  {.input = "greet(\"", .more_input = 1ULL << 30, .limit = 60s});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.err, "holdfast: the call on standard input is longer than 64 MiB\n");
  EXPECT_LT(told.peak_memory, 512ULL << 20);
}

TEST(bad_input, arguments_over_their_limit_are_refused_before_the_guest_is_entered) {
  const std::string hello = guest("hello.wat");
  const auto greeting = [](std::size_t size) { return "greet(\"" + std::string(size, 'a') + "\")"; };
  expect_refused({"call", hello, "-"}, {"the limit for one call is 16777216"},
                 {.input = greeting((16U << 20) + 1), .limit = 30s});
  expect_refused({"call", hello, greeting(2000), "--argument-limit", "1KiB"},
                 {"the limit for one call is 1024"});
  EXPECT_EQ(run_holdfast({"call", hello, greeting(900), "--argument-limit", "1KiB"}).code, 0);
  EXPECT_EQ(run_holdfast({"call", hello, "-"}, {.input = greeting(15U << 20)}).code, 0);
}

TEST(bad_input, a_list_of_far_too_many_elements_is_refused_without_building_them) {
  std::string list = "echo([";
  for (int i = 0; i < 31 << 20; ++i) list += "1,";
  const ended told = run_holdfast({"call", guest("orders.wasm"), "-"}, {.input = list + "1])", .limit = 60s});
  EXPECT_EQ(told.code, 2);
  EXPECT_EQ(told.err, "holdfast: the arguments are larger than --argument-limit, 16777216 bytes\n");
  EXPECT_LT(told.peak_memory, 512ULL << 20);
}

TEST(bad_input, a_component_that_wants_more_memory_than_its_limit_is_told_so) {
  expect_refused({"call", guest("greedy.wat"), "count()"}, {"greedy.wat: ", "2147483648", "--memory"});
  expect_refused({"call", guest("orders.wasm"), "add(1, 2)", "--memory", "1KiB"},
                 {"orders.wasm: ", "its limit is 1024 bytes"});
}

TEST(bad_input, a_component_that_fails_while_it_starts_is_told_so_in_bounded_time) {
  expect_refused({"call", guest("start-trap.wat"), "count()"},
                 {"start-trap.wat: the component cannot be started: ", "unreachable"});
  const auto begun = std::chrono::steady_clock::now();
  expect_refused({"call", guest("start-spin.wat"), "count()", "--run-limit", "200ms"},
                 {"start-spin.wat: the component cannot be started: it took longer than --run-limit, 200ms"});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s);
}

TEST(bad_input, a_wrong_value_of_an_option_is_named) {
  const auto with = [](const char* option, const char* value, const std::vector<std::string>& says) {
    std::vector<std::string> all{std::string(option) + ": "};
    all.insert(all.end(), says.begin(), says.end());
    expect_refused({"call", guest("orders.wasm"), "add(1, 2)", std::string(option) + "=" + value}, all);
  };
  for (const char* value : {"5", "-5s", "soon", "nan", "inf", "5 s", "0s", "1e9s"})
    with("--run-limit", value, {});
  with("--run-limit", "99999999999h", {"too long"});
  for (const char* value : {"-1", "lots", "5parsecs", "0", "8GiB", "99999999999GiB"})
    with("--memory", value, {"`" + std::string(value) + "`"});
  with("--argument-limit", "x", {"`x` is not a size"});
  with("--env", "FOO", {"`FOO` is not NAME=VALUE"});
  with("--env", "=foo", {"`=foo`"});
  with("--dir", "::/data", {"is not HOST[::GUEST][:rw]"});
  with("--dir", "/no/such/folder", {"`/no/such/folder` is not a directory"});
}

TEST(bad_input, a_wrong_command_line_is_told_in_one_line) {
  expect_refused({}, {"a command is needed", "holdfast --help"});
  expect_refused({"cal"}, {"unknown command `cal`"});
  expect_refused({"--jsn"}, {"unknown option `--jsn`"});
  expect_refused({"call"}, {"component is required", "holdfast call --help"});
  expect_refused({"call", guest("orders.wasm")}, {"call is required"});
  expect_refused({"call", "--jsn"}, {"unknown option `--jsn`"});
  expect_refused({"call", guest("orders.wasm"), "add(1, 2)", "--run-limit"}, {"--run-limit needs a value"});
  expect_refused({"call", guest("orders.wasm"), "add(1, 2)", "more"}, {"more"});
  expect_refused({"call", guest("orders.wasm"), "add(1, 2)", "--\x1b[31m"}, {"unknown option `--\\x1b[31m`"});
  expect_refused({"inspect"}, {"component is required"});
  expect_refused({"inspect", guest("orders.wasm"), "--run-limit", "5s"}, {"unknown option `--run-limit`"});
  expect_refused({"demo", "--calls", "0"}, {"--calls"});
  expect_refused({"demo", "--calls", "many"}, {"--calls"});
  expect_refused({"demo", "--callers", "1000000"}, {"--callers"});
  expect_refused({"demo", "--guests", "/no/such/folder"},
                 {"/no/such/folder/orders.wasm: No such file or directory"});
}
