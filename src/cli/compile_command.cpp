// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/component_file.hpp"
#include "cli/terminal.hpp"
#include "serve/units.hpp"

namespace holdfast::cli {
namespace {

// AddressSanitizer maps more than any limit allows, before anything runs.
#ifdef __SANITIZE_ADDRESS__
constexpr bool memory_can_be_limited = false;
#else
constexpr bool memory_can_be_limited = true;
#endif

struct compile_settings {
  std::string path;
  std::string cache;
  std::string memory = "none";
  std::string time = "none";
  bool metered = false;
  bool deterministic = false;
  bool json = false;
};

// Hostile input may make a compiler run for ever, or want all the memory there is.
result<void> limit_this_process(const compile_settings& given) {
  if (given.memory != "none") {
    const auto bytes = serve::parse_size(given.memory);
    if (!bytes) return error(errc::bad_arguments, "--memory-limit: " + bytes.error().message());
    // What may be written to, not what is only reserved: the engine reserves much.
    const rlimit most{*bytes, *bytes};
    if (memory_can_be_limited && setrlimit(RLIMIT_DATA, &most) != 0)
      return error(errc::no_resources, "the memory of the process cannot be limited");
  }
  const auto time = serve::parse_duration(given.time);
  if (!time) return error(errc::bad_arguments, "--time-limit: " + time.error().message());
  if (*time != no_limit) {
    const auto seconds = static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(*time).count());
    const rlimit most{seconds, seconds + 1};
    if (setrlimit(RLIMIT_CPU, &most) != 0)
      return error(errc::no_resources, "the time of the process cannot be limited");
  }
  return {};
}

exit_code run_compile(const compile_settings& given) {
  if (const auto limited = limit_this_process(given); !limited) return show(limited.error(), given.json);
  auto with = engine::make({.max_instances = 1});
  if (!with) return show(with.error(), given.json);
  const std::filesystem::path cache =
      given.cache.empty() ? default_compile_cache() : std::filesystem::path(given.cache);
  if (cache.empty())
    return show(error(errc::bad_arguments, "there is no home to keep compiled code in: name a --cache"),
                given.json);
  const auto loaded = component::load(*with, given.path,
                                      {.cache = cache,
                                       .fuel = given.metered ? metering::on : metering::off,
                                       .replay = given.deterministic ? determinism::on : determinism::off});
  if (!loaded) return show(loaded.error(), given.json);
  if (given.json)
    std::printf("%s\n",
                json_line(boost::json::object{{"component", given.path}, {"cache", cache.string()}}).c_str());
  else if (is_terminal(stderr))
    complain(escape_line(given.path) + " is compiled");
  return success;
}

}  // namespace

void add_compile(CLI::App& app, action& run) {
  const auto given = std::make_shared<compile_settings>();
  CLI::App* command =
      app.add_subcommand("compile", "Compile a component ahead of time, so that it starts quickly");
  command->add_option("component", given->path, "A WebAssembly component: .wasm, or .wat in text form")
      ->required();
  command->add_option("--cache", given->cache, "The directory that compiled code is kept in; this user's");
  command->add_option("--memory-limit", given->memory, "The most memory that compiling may take: 2GiB")
      ->capture_default_str();
  command->add_option("--time-limit", given->time, "The most time of a core: 60s")->capture_default_str();
  command->add_flag("--metered", given->metered, "Code that counts its fuel");
  command->add_flag("--deterministic", given->deterministic, "Code for actors that are played again");
  command->add_flag("--json", given->json, "Print one line of JSON");
  command->footer(
      R"(`holdfast serve` compiles so by itself, in a process with limits. Only a cache of one's own is to be trusted:
loading an entry runs native code.

Examples:
  holdfast compile app.wasm
  holdfast compile app.wasm --time-limit 60s --memory-limit 2GiB)");
  command->callback([given, &run] { run = [given] { return run_compile(*given); }; });
}

}  // namespace holdfast::cli
