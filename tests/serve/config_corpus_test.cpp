// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// It ends the process where a claim of its does not hold.
void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

TEST(config, of_the_kept_inputs_is_read_to_its_end_and_so_are_their_beginnings) {
  int files = 0;
  const std::filesystem::path corpus = std::filesystem::path(HOLDFAST_SOURCE_DIR) / "tests/fuzz/corpus/toml";
  for (const auto& each : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(each.path().string());
    std::ifstream file(each.path(), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t size = 0; size <= whole.size(); ++size) feed(whole.substr(0, size));
    ++files;
  }
  EXPECT_GE(files, 9);
}
