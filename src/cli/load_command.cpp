// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json/array.hpp>
#include <boost/url/pct_string_view.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/component_file.hpp"
#include "cli/load_report.hpp"
#include "cli/server_choice.hpp"
#include "cli/terminal.hpp"
#include "serve/units.hpp"

namespace holdfast::cli {
namespace {

using namespace load;

constexpr std::string_view call_place = "/v1/call/";

struct load_settings {
  component_file file;  // or the server's address
  server_choice server;
  std::string component;
  std::string function;
  std::string arguments = "[]";
  std::string length = "10s";
  std::string deadline;
  std::string trap;
  std::string hang;
  unsigned cells = 4;
  run_settings how;
};

error wrong(const std::string& why) { return {errc::bad_arguments, why}; }

// `EXPORT:SHARE`; an export's name may have colons of its own.
result<void> read_share(const char* option, const std::string& text, call_shape& shape, double& share) {
  if (text.empty()) return {};
  const std::size_t colon = text.rfind(':');
  const std::string refusal = std::string(option) + ": `" + text + "` is not EXPORT:SHARE, such as boom:0.01";
  if (colon == 0 || colon == std::string::npos) return wrong(refusal);
  const char* const end = text.data() + text.size();
  const auto [past, failed] = std::from_chars(text.data() + colon + 1, end, share);
  if (failed != std::errc() || past != end || !(share >= 0 && share <= 1)) return wrong(refusal);
  shape.function = text.substr(0, colon);
  return {};
}

result<duration> read_time(const char* option, const std::string& text) {
  auto read = serve::parse_duration(text);
  if (!read) return wrong(std::string(option) + ": " + read.error().message());
  if (*read == duration::zero() || *read == no_limit)
    return wrong(std::string(option) + ": `" + text + "` is no length of time");
  return read;
}

result<call_shapes> read_shapes(load_settings& given) {
  call_shapes shapes;
  const auto length = read_time("--duration", given.length);
  if (!length) return length.error();
  given.how.length = *length;
  if (!given.deadline.empty()) {
    const auto deadline = read_time("--deadline", given.deadline);
    if (!deadline) return deadline.error();
    shapes.deadline = *deadline;
  }
  call_shape& usual = shapes.of[static_cast<std::size_t>(call_kind::usual)];
  usual = {given.function, given.arguments};
  call_shape& trap = shapes.of[static_cast<std::size_t>(call_kind::trap)] = usual;
  call_shape& hang = shapes.of[static_cast<std::size_t>(call_kind::hang)] = usual;
  if (!given.trap.empty()) trap.arguments = "[]";
  if (!given.hang.empty()) hang.arguments = "[]";
  if (const auto read = read_share("--trap", given.trap, trap, given.how.trap); !read) return read.error();
  if (const auto read = read_share("--hang", given.hang, hang, given.how.hang); !read) return read.error();
  if (given.how.trap + given.how.hang > 1) return wrong("--trap and --hang: together they are more than all");
  return shapes;
}

// The address may be that of an export, as curl is given it.
result<void> take_target(load_settings& given, const server_address& where) {
  if (where.target.empty()) return {};
  const error refusal = wrong("`" + where.text + "` is neither a server nor the place of an export, " +
                              std::string(call_place) + "COMPONENT/EXPORT");
  const std::string_view path = where.target;
  const std::size_t slash = path.find('/', call_place.size());
  if (!path.starts_with(call_place) || slash == std::string_view::npos) return refusal;
  const auto component =
      boost::urls::make_pct_string_view(path.substr(call_place.size(), slash - call_place.size()));
  const auto function = boost::urls::make_pct_string_view(path.substr(slash + 1));
  if (!component || !function) return refusal;
  if (given.component.empty()) given.component = component->decode();
  if (given.function.empty()) given.function = function->decode();
  return {};
}

// Where only one component can be meant, it need not be named.
result<std::string> only_component(const server_access& to, const server_answer& answer) {
  const auto* const all = answer.body.if_contains("components");
  std::string name;
  std::size_t pools = 0;
  if (all != nullptr && all->is_array())
    for (const auto& value : all->as_array()) {
      const auto* const each = value.if_object();
      if (each == nullptr || text_of(*each, "kind") != "pool") continue;
      name = text_of(*each, "name");
      ++pools;
    }
  if (pools == 1) return name;
  return wrong("--component has to say which of the " + std::to_string(pools) + " at " + to.where.text);
}

// A caller takes a connection.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

exit_code go(asio::io_context& loop, const load_settings& given, target& of) {
  run storm(loop, given.how, of);
  const bool drawn = is_terminal(stdout) && !given.server.json;
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code failed, int) {
    if (!failed) storm.end_soon();
  });
  const auto begun = std::chrono::steady_clock::now();
  storm.go([&](const tally& seen) {
    if (!drawn) return;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::printf("\r\x1b[K\x1b[?7l%s\x1b[?7h", progress_line(seen, seconds, given.how).c_str());
    std::fflush(stdout);
  });
  signals.cancel();
  if (drawn) std::printf("\r\x1b[K");
  const tally& seen = storm.seen();
  if (given.server.json)
    std::printf("%s\n", json_line(to_json(seen, given.how)).c_str());
  else
    for (const std::string& line : report(seen, given.how)) std::printf("%s\n", line.c_str());
  return seen.completed.count() > 0 || seen.by_outcome.empty() ? success : failed;
}

exit_code run_server(load_settings& given, const call_shapes& first) {
  const auto refuse = [&](const error& why) { return show(why, given.server.json); };
  auto to = given.server.read(given.file.path);
  if (!to) return refuse(to.error());
  call_shapes shapes = first;
  if (const auto taken = take_target(given, to->where); !taken) return refuse(taken.error());
  if (given.function.empty()) return refuse(wrong("--export has to say what is called"));
  for (call_shape& each : shapes.of)
    if (each.function.empty()) each.function = given.function;
  const auto answer = ask_server(*to, "GET", "/v1/components");
  if (!answer.well) return show_problem(*to, answer, given.server.json);
  if (given.component.empty()) {
    auto only = only_component(*to, answer);
    if (!only) return refuse(only.error());
    given.component = *std::move(only);
  }
  raise_file_limit();
  asio::io_context loop;
  const auto of = make_server_target(loop, *to, given.component, shapes);
  if (!of) return refuse(of.error());
  return go(loop, given, **of);
}

exit_code run_component(const load_settings& given, const call_shapes& shapes) {
  const auto refuse = [&](const error& why) { return show(why, given.server.json); };
  if (given.function.empty()) return refuse(wrong("--export has to say what is called"));
  const auto with = engine::make({.max_instances = given.cells + 1});
  if (!with) return refuse(with.error());
  const auto loaded = given.file.load(*with);
  if (!loaded) return refuse(loaded.error());
  asio::io_context loop;
  const auto of = make_pool_target(loop, *with, *loaded, given.cells, shapes);
  if (!of) return refuse(of.error());
  return go(loop, given, **of);
}

exit_code run_load(load_settings& given) {
  const auto shapes = read_shapes(given);
  if (!shapes) return show(shapes.error(), given.server.json);
  return names_server(given.file.path) ? run_server(given, *shapes) : run_component(given, *shapes);
}

}  // namespace

void add_load(CLI::App& app, action& run) {
  const auto given = std::make_shared<load_settings>();
  CLI::App* command =
      app.add_subcommand("load", "Call a server, or a component in this process, as much as it takes");
  command
      ->add_option("target", given->file.path,
                   "A server, also with /v1/call/COMPONENT/EXPORT behind it, or a component's file")
      ->required();
  command->add_option("--component", given->component, "Which of a server's; needless where it has one");
  command->add_option("--export", given->function, "What is called");
  command->add_option("--args", given->arguments, "Its arguments, a JSON array or object")
      ->capture_default_str();
  command->add_option("--callers", given->how.callers, "How many call at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 20'000));
  command
      ->add_option(
          "--rate", given->how.rate,
          "Calls a second of all together, whatever the answers do; 0: each calls when it is answered")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e7));
  command->add_option("--duration", given->length, "How long")->capture_default_str();
  command->add_option("--deadline", given->deadline,
                      "Of each call; by default the server's, in this process 60s");
  command
      ->add_option("--leave", given->how.leave,
                   "The share of callers that leave while their call is under way")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--trap", given->trap, "Call this export now and then, which traps: EXPORT:SHARE");
  command->add_option("--hang", given->hang, "And this one, which does not end: EXPORT:SHARE");
  command->add_option("--seed", given->how.seed, "What the callers' dice begin with")->capture_default_str();
  command->add_option("--cells", given->cells, "Instances, in this process")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_flag("--no-cache", given->file.no_cache, "Compile anew, keep nothing");
  given->server.add_token_to(*command);
  command->add_flag("--json", given->server.json, "Print the totals as one line of JSON");
  command->footer(
      R"(Who leaves resets its connection, in this process it stops waiting, at a random moment before a usual answer
comes. With --rate latency counts from when a call was due, not from when a caller was free to send it: there is no
coordinated omission. Calls that have no answer 5 s after the end are given up and counted as `no_answer`.
Exit code 0: calls completed; 1: none did; 2: bad input, or the server is not reached.

Examples:
  holdfast load http://127.0.0.1:8080 --export greet --args '["ada"]'
  holdfast load http://127.0.0.1:8080/v1/call/hello/greet --args '["ada"]' --rate 5000 --callers 256
  holdfast load app.wasm --export greet --args '["ada"]' --duration 2s --leave 0.1 --json)");
  command->callback([given, &run] { run = [given] { return run_load(*given); }; });
}

}  // namespace holdfast::cli
