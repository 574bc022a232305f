// SPDX-License-Identifier: Apache-2.0
#include "bench/subject.hpp"

#include <fstream>
#include <iterator>

namespace holdfast::bench {

std::vector<char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

subject::subject(const engine_options& how)
    : text(read_file(HOLDFAST_SOURCE_DIR "/guests/text/echo.wat")),
      with(how),
      guest(must(component::compile(with, bytes()))),
      direct(bytes(), with.options().tick, with.options().max_instances) {}

pool subject::open(host& owner, const component& what, const pool_options& options) {
  pool made = must(owner.open(what, options));
  must(made.wait_ready());
  return made;
}

std::vector<std::uint8_t> pattern() {
  std::vector<std::uint8_t> data(64U << 10);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  return data;
}

void check_ends(const std::vector<std::uint8_t>& back, const std::vector<std::uint8_t>& sent) {
  if (back.size() != sent.size() || back.front() != sent.front() || back.back() != sent.back())
    throw std::runtime_error("echo answered other bytes");
}

}  // namespace holdfast::bench
