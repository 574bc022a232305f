// SPDX-License-Identifier: Apache-2.0
#include "serve/read_config.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <holdfast/component.hpp>
#include <optional>
#include <utility>

#include "serve/config_rooms.hpp"

extern "C" char** environ;

namespace holdfast::serve {
namespace {

// None: errno says why. No more than one byte above the largest is read, whatever the file is.
std::optional<std::string> contents_of(const std::filesystem::path& file) {
  const int from = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) return std::nullopt;
  std::string text(largest_config + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < text.size()) {
    got = ::read(from, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  const int why = errno;
  ::close(from);
  errno = why;
  if (got < 0) return std::nullopt;
  text.resize(size);
  return text;
}

void look_up_cache(config_reading& of) {
  if (!of.names_cache) of.settings.cache = default_compile_cache();
}

}  // namespace

config_reading read_config(const std::filesystem::path& file, const environment_variables& environment) {
  const auto text = contents_of(file);
  if (!text) {
    config_reading read;
    read.settings.file = file;
    read.errors.push_back({{name_of_source(file)}, std::strerror(errno)});
    return read;
  }
  config_reading read = parse_config(*text, file, environment);
  check_files(read);
  look_up_cache(read);
  return read;
}

config_reading config_of_files(std::span<const std::filesystem::path> components,
                               const environment_variables& environment) {
  config_reading read;
  config_source source{.to = read, .name = name_of_source({})};
  toml::table all;
  for (const std::filesystem::path& file : components) {
    const std::string name = file.stem().string();
    if (!all.insert(name, toml::table{{"path", file.string()}}).second)
      source.error({source.name}, "two components would be called `" + name + "`, by " +
                                      all[name]["path"].value_or(std::string()) + " and " + file.string() +
                                      "; a holdfast.toml can name them");
  }
  toml::table root{{"components", std::move(all)}};
  read_root(source, root, environment);
  check_files(read);
  look_up_cache(read);
  return read;
}

environment_variables process_environment() {
  environment_variables all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view whole = *each;
    const std::size_t sign = whole.find('=');
    if (sign != std::string_view::npos) all.emplace_back(whole.substr(0, sign), whole.substr(sign + 1));
  }
  return all;
}

}  // namespace holdfast::serve
