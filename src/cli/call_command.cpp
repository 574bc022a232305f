// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <holdfast/host.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/component_file.hpp"
#include "cli/terminal.hpp"
#include "serve/units.hpp"
#include "wit/mentions.hpp"
#include "wit/wave.hpp"

namespace holdfast::cli {
namespace {

// WAVE takes no more; what standard input brings beyond it need not be read.
constexpr std::size_t longest_text = 64U << 20;

// No linear memory of 32 bits is larger.
constexpr std::uint64_t largest_memory = 4ULL << 30;

struct call_settings {
  component_file file;
  std::string text;
  bool json = false;
  std::string run_limit = "30s";
  std::string memory = "256MiB";
  std::string argument_limit = "16MiB";
  std::vector<std::string> environment;
  std::vector<std::string> directories;
  std::vector<std::string> arguments;
  bool network = false;
};

result<std::string> read_text(const call_settings& given) {
  if (given.text != "-") return given.text;
  std::string text;
  std::vector<char> piece(1U << 16);
  while (std::cin.read(piece.data(), static_cast<std::streamsize>(piece.size())) || std::cin.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > longest_text)
      return error(errc::limit, "the call on standard input is longer than 64 MiB");
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// Refuses early what has more elements than bytes are allowed: each takes at least one, and far more while it
// is read.
result<void> check_size(std::string_view text, std::uint64_t argument_limit) {
  if (static_cast<std::uint64_t>(std::ranges::count(text, ',')) <= argument_limit) return {};
  return error(errc::limit, "the arguments are larger than --argument-limit, " +
                                std::to_string(argument_limit) + " bytes");
}

result<duration> run_limit_of(const call_settings& given) {
  auto limit = serve::parse_duration(given.run_limit);
  if (!limit) return error(errc::bad_arguments, "--run-limit: " + limit.error().message());
  if (*limit == duration::zero())
    return error(errc::bad_arguments, "--run-limit: a guest needs some time; none is no limit");
  return limit;
}

result<pool_options> options_of(const call_settings& given, const std::shared_ptr<serve::guest_lines>& log) {
  pool_options options;
  const auto memory = serve::parse_size(given.memory);
  if (!memory) return error(errc::bad_arguments, "--memory: " + memory.error().message());
  if (*memory == 0 || *memory > largest_memory)
    return error(errc::bad_arguments, "--memory: `" + given.memory + "` is not between 1 byte and 4GiB");
  const auto argument_limit = serve::parse_size(given.argument_limit);
  if (!argument_limit)
    return error(errc::bad_arguments, "--argument-limit: " + argument_limit.error().message());
  options.limits.memory = *memory;
  options.call_bytes = *argument_limit;
  options.queue_bytes = *argument_limit;
  options.rebuild.give_up_after = 1;
  options.output = log->output({});
  options.may_reach.network = given.network;
  options.may_reach.arguments = given.arguments;
  for (const std::string& pair : given.environment) {
    const auto at = pair.find('=');
    if (at == 0 || at == std::string::npos)
      return error(errc::bad_arguments, "--env: `" + pair + "` is not NAME=VALUE");
    options.may_reach.environment.emplace_back(pair.substr(0, at), pair.substr(at + 1));
  }
  for (const std::string& grant : given.directories) {
    grants::directory directory;
    std::string_view rest = grant;
    if (rest.ends_with(":rw")) {
      directory.read_only = false;
      rest.remove_suffix(3);
    }
    const auto at = rest.find("::");
    directory.host = rest.substr(0, at);
    directory.guest = at == std::string_view::npos ? directory.host : std::string(rest.substr(at + 2));
    if (directory.host.empty() || directory.guest.empty())
      return error(errc::bad_arguments, "--dir: `" + grant + "` is not HOST[::GUEST][:rw]");
    std::error_code failed;
    if (!std::filesystem::is_directory(directory.host, failed))
      return error(errc::bad_arguments, "--dir: `" + directory.host + "` is not a directory");
    options.may_reach.directories.push_back(std::move(directory));
  }
  return options;
}

// A component that does not fit in an instance wants more memory, as a rule.
error with_memory_hint(const error& why) {
  if (!(why == errc::limit)) return why;
  return error(why.code, why.message() + "; --memory says how much it may have");
}

error cannot_start(const call_settings& given, const error& why) {
  const bool stopped = why.message() == "wasm trap: interrupt";
  return error(why.code,
               given.file.path + ": the component cannot be started: " +
                   (stopped ? "it took longer than --run-limit, " + given.run_limit : why.message()));
}

exit_code run_call(const call_settings& given) {
  const auto refuse = [&](const error& why) { return show(why, given.json); };
  const auto run_limit = run_limit_of(given);
  if (!run_limit) return refuse(run_limit.error());
  const auto log = guests_to_terminal();
  auto options = options_of(given, log);
  if (!options) return refuse(options.error());
  auto text = read_text(given);
  if (!text) return refuse(text.error());
  if (const auto fits = check_size(*text, options->call_bytes); !fits) return refuse(fits.error());
  options->rebuild.build_limit = *run_limit;

  // One call needs one instance; the memory asked for decides how large a slot must be.
  engine_options machine{.max_instances = 2};
  machine.max_memory = std::max<std::uint64_t>(machine.max_memory, options->limits.memory);
  auto with = engine::make(machine);
  if (!with) return refuse(with.error());
  const auto loaded = given.file.load(*with);
  if (!loaded) return refuse(with_memory_hint(loaded.error()));

  const auto call = wit::parse_call(*text);
  if (!call) return refuse(call.error());
  const auto function = loaded->world().find_export(call->name);
  if (!function) return refuse(function.error());
  if (const auto& result = (*function)->result; result && wit::mentions(*result, wit::is_transmitted))
    return refuse(error(errc::bad_arguments, "`" + std::string(call->name) +
                                                 "` returns a stream or a future, which cannot be printed"));
  auto arguments = wit::parse_wave_args(**function, *call);
  if (!arguments) return refuse(arguments.error());
  const std::string name = (*function)->qualified_name();

  host owner(*with, {.drain_grace = duration::zero()});
  auto made = owner.open(*loaded, std::move(*options));
  if (!made) return refuse(made.error());
  if (const auto ready = made->wait_ready(no_limit); !ready)
    return refuse(cannot_start(given, ready.error()));
  const reply told = made->call(name, std::move(*arguments), {.deadline = no_limit, .run_limit = *run_limit});
  return show(told, **function, given.json);
}

}  // namespace

void add_call(CLI::App& app, action& run) {
  const auto given = std::make_shared<call_settings>();
  CLI::App* command = app.add_subcommand("call", "Call one export of a component and print what it returns");
  given->file.add_to(*command);
  command
      ->add_option("call", given->text,
                   "The call in WAVE, such as 'greet(\"ada\")'; - reads it from standard input")
      ->required();
  command->add_flag("--json", given->json, "Print the whole answer as one line of JSON");
  command
      ->add_option("--run-limit", given->run_limit,
                   "Stop the guest, or its start, after this long: 500ms, 2s, none")
      ->capture_default_str();
  command->add_option("--memory", given->memory, "The most linear memory the guest may have")
      ->capture_default_str();
  command->add_option("--argument-limit", given->argument_limit, "The most bytes of arguments")
      ->capture_default_str();
  command
      ->add_option("--env", given->environment,
                   "Give the guest an environment variable: NAME=VALUE; repeatable")
      ->allow_extra_args(false);
  command
      ->add_option("--dir", given->directories,
                   "Let the guest read a directory: HOST[::GUEST][:rw]; repeatable")
      ->allow_extra_args(false);
  command->add_option("--arg", given->arguments, "Give the guest a command-line argument; repeatable")
      ->allow_extra_args(false);
  command->add_flag("--network", given->network, "Let the guest use the network");
  command->footer(
      R"(A guest reaches nothing of the machine unless it is granted. What it prints goes to standard error.

Examples:
  holdfast call hello.wasm 'greet("ada")'
  holdfast call orders.wasm 'place(7, "book", 2)' --json
  echo 'add(2, 3)' | holdfast call orders.wasm -
  holdfast call app.wasm 'read("/data/list.txt")' --dir ./data::/data --run-limit 500ms)");
  command->callback([given, &run] { run = [given] { return run_call(*given); }; });
}

}  // namespace holdfast::cli
