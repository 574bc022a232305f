// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

// Feeds an entry the files of a folder, each from every beginning to the whole. The entry ends the process
// where a claim of its does not hold.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", words[0]);
    return 2;
  }
  int files = 0;
  for (const auto& each : std::filesystem::directory_iterator(words[1])) {
    std::ifstream file(each.path(), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    std::printf("%s\n", each.path().c_str());
    std::fflush(stdout);  // the last one named is the one that ended it
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      // Of its own, so that a sanitizer sees a step past its end.
      const auto bytes = std::make_unique<std::uint8_t[]>(size);
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(whole[i]);
      LLVMFuzzerTestOneInput(bytes.get(), size);
    }
    ++files;
  }
  std::printf("%d files\n", files);
  return files == 0 ? 1 : 0;
}
