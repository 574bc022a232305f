// SPDX-License-Identifier: Apache-2.0
#include "bench/process.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace holdfast::bench {
namespace {

struct pages {
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
};

pages now() {
  pages told;
  std::ifstream("/proc/self/statm") >> told.all >> told.resident;
  return told;
}

std::uint64_t page_bytes() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

std::uint64_t resident_bytes() { return now().resident * page_bytes(); }

std::uint64_t address_space_bytes() { return now().all * page_bytes(); }

std::uint64_t mapping_count() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<std::uint64_t>(
      std::count(std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>(), '\n'));
}

}  // namespace holdfast::bench
