// SPDX-License-Identifier: Apache-2.0
#include "storm/machine.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::storm {
namespace {

std::uint64_t entries(const char* folder) {
  return static_cast<std::uint64_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

machine machine_now() {
  malloc_trim(0);
  machine all;
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  all.memory_mib = static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
  all.threads = entries("/proc/self/task");
  all.descriptors = entries("/proc/self/fd") - 1;  // less the one that reads them
  std::ifstream maps("/proc/self/maps");
  all.mappings = static_cast<std::uint64_t>(
      std::count(std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>(), '\n'));
  return all;
}

bool sanitized() noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

}  // namespace holdfast::storm
