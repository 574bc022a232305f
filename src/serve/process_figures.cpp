// SPDX-License-Identifier: Apache-2.0
#include "serve/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace holdfast::serve {
namespace {

// The line of /proc/stat that says when the system was started, in seconds since 1970.
double boot_time() {
  std::ifstream stat("/proc/stat");
  std::string word;
  double at = 0;
  while (stat >> word)
    if (word == "btime" && stat >> at) return at;
  return 0;
}

}  // namespace

process_figures process_figures::now() {
  process_figures made;
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The program's name, in brackets, may hold anything: the numbers are after the last one.
  const std::size_t named = line.rfind(')');
  if (named != std::string::npos) {
    std::istringstream rest(line.substr(named + 1));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::string skipped;
    for (int i = 3; i < 14; ++i) rest >> skipped;  // from field 3 on, as proc(5) counts them
    double user = 0;
    double system = 0;
    rest >> user >> system;
    for (int i = 16; i < 22; ++i) rest >> skipped;
    double start = 0;
    std::uint64_t pages = 0;
    rest >> start >> made.virtual_bytes >> pages;
    made.cpu_seconds = (user + system) / ticks;
    made.start_time = boot_time() + start / ticks;
    made.resident_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  std::error_code failed;
  for (std::filesystem::directory_iterator each("/proc/self/fd", failed), end; !failed && each != end;
       each.increment(failed))
    ++made.open_descriptors;
  made.open_descriptors -= std::min<std::uint64_t>(made.open_descriptors, 1);  // that of the folder itself
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) made.max_descriptors = limit.rlim_cur;
  return made;
}

}  // namespace holdfast::serve
