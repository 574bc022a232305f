// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/expect.hpp"
#include "serve/read_config.hpp"

// Any bytes as a configuration: the text, and after a NUL character variables of the environment,
// `NAME=value`, each with a NUL after it. Reading ends, whatever they are, and touches no file.

using namespace holdfast::serve;
using holdfast::fuzz::expect;

namespace {

bool is_safe_to_show(std::string_view line) {
  for (const char c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

environment_variables variables_of(std::string_view rest) {
  environment_variables all;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('\0'));
    const std::size_t sign = one.find('=');
    if (sign != std::string_view::npos) all.emplace_back(one.substr(0, sign), one.substr(sign + 1));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\0'));
  const auto environment = variables_of(all.substr(std::min(text.size() + 1, all.size())));
  const config_reading read = parse_config(text, "folder/holdfast.toml", environment);
  expect(read.errors.size() <= 201 && read.warnings.size() <= 201, "the remarks are not bounded");
  for (const auto* remarks : {&read.errors, &read.warnings})
    for (const config_remark& one : *remarks) expect(is_safe_to_show(one.line()), "a remark moves a cursor");
  if (!read.sound()) return 0;
  std::uint64_t instances = 0;
  for (const component_settings& one : read.settings.components) {
    expect(is_component_name(one.name) && !one.path.empty(), "a component without a name or a path is sound");
    instances += one.kind == component_kind::actors ? one.actors.resident
                                                    : std::uint64_t{one.pool.cells} + one.pool.rebuild.spares;
  }
  expect(instances <= read.settings.engine.max_instances, "more instances than there are is sound");
  return 0;
}
