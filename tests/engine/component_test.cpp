// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <holdfast/component.hpp>
#include <string>
#include <vector>

#include "support/scratch_folder.hpp"

namespace holdfast {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing_support::scratch_folder;

const engine& shared_engine() {
  static const engine one({.max_instances = 4});
  return one;
}

std::filesystem::path guest(const std::string& file) {
  return std::filesystem::path(HOLDFAST_GUESTS_DIR) / file;
}

std::vector<std::byte> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> read((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(read));
  return {bytes.begin(), bytes.end()};
}

result<component> compile(std::string_view text) {
  return component::compile(shared_engine(), std::as_bytes(std::span(text)));
}

TEST(component, knows_its_exports_and_their_types) {
  const auto loaded = component::load(shared_engine(), guest("orders.wasm"));
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const auto place = loaded->world().find_export("place");
  ASSERT_TRUE(place);
  EXPECT_THAT((*place)->to_string(),
              StartsWith("place: func(id: u64, item: string, quantity: u32) -> result<"));
  EXPECT_TRUE(loaded->world().imported_functions().empty());
}

TEST(component, knows_the_cancel_contract_that_it_carries) {
  const auto loaded = component::load(shared_engine(), guest("orders.wasm"));
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const auto contract = [&](std::string_view name) { return (*loaded->world().find_export(name))->contract; };
  EXPECT_TRUE(contract("count").retry_safe());
  EXPECT_TRUE(contract("hog").retry_safe());
  EXPECT_FALSE(contract("place").retry_safe());
  EXPECT_FALSE(contract("place").cancellable());
  EXPECT_EQ((*loaded->world().find_export("add"))->docs, "The sum, modulo 2^32.");
}

TEST(component, takes_its_contract_from_wit_and_a_manifest_that_are_named) {
  const scratch_folder folder;
  const auto manifest = folder.path() / "m.json";
  std::ofstream(manifest) << R"({"exports": {"add": ["idempotent"]}})";
  const auto wit = std::filesystem::path(HOLDFAST_SOURCE_DIR) / "guests/orders/wit";
  const auto made = component::compile(shared_engine(), bytes_of(guest("orders.wasm")),
                                       {.contract = {.manifest = manifest, .wit = wit, .world = "orders"}});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ((*made->world().find_export("add"))->contract, cancel_mark::idempotent);
  EXPECT_EQ((*made->world().find_export("echo"))->contract, cancel_mark::read_only | cancel_mark::kill_safe);
}

TEST(component, finds_the_manifest_beside_its_file) {
  const scratch_folder folder;
  std::filesystem::copy_file(guest("orders.wasm"), folder.path() / "app.wasm");
  std::ofstream(folder.path() / "app.holdfast.json") << R"({"exports": {"place": ["kill-safe"], "add": []}})";
  const auto loaded = component::load(shared_engine(), folder.path() / "app.wasm");
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ((*loaded->world().find_export("place"))->contract, cancel_mark::kill_safe);
  EXPECT_TRUE((*loaded->world().find_export("add"))->contract.empty());
  std::ofstream(folder.path() / "app.holdfast.json") << R"({"exports": {"plaze": []}})";
  const auto refused = component::load(shared_engine(), folder.path() / "app.wasm");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_contract);
  EXPECT_THAT(refused.error().detail, HasSubstr("app.holdfast.json:1:14: no export `plaze`"));
}

TEST(component, says_what_is_wrong_with_a_file) {
  const auto code_of = [](std::string_view text) { return compile(text).error(); };
  EXPECT_EQ(code_of(""), errc::not_wasm);
  EXPECT_EQ(code_of("hello world"), errc::not_wasm);
  EXPECT_EQ(code_of("\x89PNG\r\n\x1a\n"), errc::not_wasm);
  EXPECT_EQ(code_of(std::string_view("\0asm\1\0\0\0", 8)), errc::core_module);
  EXPECT_EQ(code_of("(module)"), errc::core_module);
  EXPECT_EQ(code_of("(component"), errc::malformed_component);
  EXPECT_EQ(component::load(shared_engine(), "/no/such/file.wasm").error(), errc::not_wasm);
  EXPECT_THAT(component::load(shared_engine(), "/no/such/file.wasm").error().detail,
              StartsWith("/no/such/file.wasm: "));
  EXPECT_EQ(component::load(shared_engine(), "/").error(), errc::not_wasm);
}

TEST(component, refuses_one_whose_memory_is_larger_than_a_slot_of_the_pool) {
  const auto greedy = component::load(shared_engine(), guest("greedy.wat"));
  ASSERT_FALSE(greedy);
  EXPECT_EQ(greedy.error(), errc::limit);
  EXPECT_THAT(greedy.error().detail, HasSubstr("2147483648"));
}

TEST(component, refuses_a_truncated_file_wherever_it_was_cut) {
  const auto whole = bytes_of(guest("orders.wasm"));
  ASSERT_GT(whole.size(), 1000U);
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    const auto cut = component::compile(shared_engine(), std::span(whole).first(size));
    // A cut between two sections may leave a smaller component that is valid; it then lacks its exports.
    if (cut) {
      EXPECT_FALSE(cut->world().find_export("place")) << "cut at " << size;
    } else {
      EXPECT_FALSE(cut.error().detail.empty()) << "cut at " << size;
    }
  }
}

TEST(component, keeps_compiled_code_in_a_directory_of_mode_0700) {
  const scratch_folder folder;
  const auto cache = folder.path() / "compiled";
  ASSERT_TRUE(component::load(shared_engine(), guest("orders.wasm"), {.cache = cache}));
  struct stat seen{};
  ASSERT_EQ(::stat(cache.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0700U);
  EXPECT_TRUE(component::load(shared_engine(), guest("orders.wasm"), {.cache = cache}));
}

TEST(component, refuses_a_cache_that_others_may_write_to) {
  const scratch_folder folder;
  const auto cache = folder.path() / "compiled";
  std::filesystem::create_directory(cache);
  ASSERT_EQ(::chmod(cache.c_str(), 0777), 0);
  const auto loaded = component::load(shared_engine(), guest("orders.wasm"), {.cache = cache});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail, HasSubstr(cache.string()));
}

TEST(component, compiles_anew_where_a_cache_entry_was_tampered_with) {
  const scratch_folder folder;
  const auto cache = folder.path() / "compiled";
  ASSERT_TRUE(component::load(shared_engine(), guest("orders.wasm"), {.cache = cache}));
  std::size_t spoiled = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cache)) {
    if (entry.file_size() < 1000) continue;  // the key
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    file.put('\x5a').put('\xa5').put('\x5a');
    ++spoiled;
  }
  ASSERT_EQ(spoiled, 1U);
  const auto loaded = component::load(shared_engine(), guest("orders.wasm"), {.cache = cache});
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_TRUE(loaded->world().find_export("place"));
}

TEST(engine, refuses_more_instances_than_the_machine_has_room_for) {
  const auto made = engine::make({.max_instances = 4'000'000'000});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::no_resources);
  EXPECT_FALSE(made.error().detail.empty());
}

TEST(engine, refuses_a_tick_that_is_too_long) {
  EXPECT_EQ(engine::make({.tick = std::chrono::milliseconds(6)}).error(), errc::limit);
}

}  // namespace
}  // namespace holdfast
