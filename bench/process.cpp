// SPDX-License-Identifier: Apache-2.0
#include "bench/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

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

machine_share::machine_share() : begun_(now()) {}

double machine_share::of_others() const {
  const times ended = now();
  const double all = ended.all - begun_.all;
  const double others = (ended.busy - begun_.busy) - (ended.own - begun_.own);
  return all > 0 ? std::clamp(others / all, 0.0, 1.0) : 0;
}

machine_share::times machine_share::now() {
  times told;
  std::ifstream file("/proc/stat");
  std::string word;
  file >> word;
  double ticks = 0;
  // user nice system idle iowait irq softirq steal; what follows is counted in the first two.
  for (int i = 0; i < 8 && file >> ticks; ++i) {
    ticks /= static_cast<double>(::sysconf(_SC_CLK_TCK));
    told.all += ticks;
    if (i != 3 && i != 4) told.busy += ticks;
  }
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  told.own = seconds(used.ru_utime) + seconds(used.ru_stime);
  return told;
}

}  // namespace holdfast::bench
