// SPDX-License-Identifier: Apache-2.0
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/demo_direct.hpp"
#include "cli/demo_held.hpp"
#include "cli/demo_screen.hpp"
#include "cli/terminal.hpp"

namespace holdfast::cli {
namespace {

using namespace demo;
using namespace std::chrono_literals;

constexpr std::uint64_t direct_calls = 60;  // for each guest: the first leaver decides, the rest shows it

struct demo_settings {
  held_settings storm;
  std::string guests;
  bool json = false;
};

// Beside the command in a build tree and in an installation, or where this build made them.
std::filesystem::path guests_folder(const demo_settings& given) {
  if (!given.guests.empty()) return given.guests;
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  for (const char* beside : {"../guests", "../share/holdfast/guests"}) {
    const auto folder = self.parent_path() / beside;
    if (!failed && std::filesystem::exists(folder / "orders.wasm")) return folder.lexically_normal();
  }
  return HOLDFAST_GUESTS_DIR;
}

boost::json::object to_json(const direct_result& problem, const held_result& end, ledger& book) {
  return {{"direct",
           {{"calls", problem.calls},
            {"left", problem.left},
            {"failed_after", problem.failed_after},
            {"error", problem.error}}},
          {"held",
           {{"calls", end.calls},
            {"completed", end.completed},
            {"detached", end.detached},
            {"trapped", end.trapped},
            {"deadline_killed", end.deadline_killed},
            {"host_failed", end.host_failed},
            {"revoked", end.revoked},
            {"refused", end.refused},
            {"lost", end.lost},
            {"wrong", book.wrong.load()},
            {"rebuilt", book.rebuilt.load()},
            {"next_call_ok", end.next_call_ok},
            {"calls_per_second", static_cast<std::uint64_t>(static_cast<double>(end.calls) / end.seconds)}}}};
}

exit_code run_demo(const demo_settings& given) {
  const bool terminal = !given.json && is_terminal(stdout);
  const bool json = !terminal;
  const auto guests = all_guests();
  screen shown(guests, terminal);

  std::uint32_t instances = static_cast<std::uint32_t>(guests.size());  // one more each for the direct side
  for (const guest_kind& guest : guests) instances += guest.cells;
  auto with = engine::make({.max_instances = 2 * instances});
  if (!with) return show(with.error(), given.json);
  const auto folder = guests_folder(given);
  std::vector<component> components;
  for (const guest_kind& guest : guests) {
    shown.say("Loading the " + guest.language + " guest, " + guest.file + " (compiled the first time) ...");
    auto loaded = component::load(*with, folder / guest.file, {.cache = default_compile_cache()});
    if (!loaded) return show(loaded.error(), given.json);
    components.push_back(std::move(*loaded));
  }

  shown.say("Calling directly ...");
  const auto problem = run_direct(guests, components, direct_calls);
  if (!problem) return show(problem.error(), given.json);
  shown.show(*problem);

  held_storm storm(*with, guests, given.storm);
  shown.say("Building instances ...");
  if (const auto open = storm.open(components); !open) return show(open.error(), given.json);
  auto running = std::async(std::launch::async, [&storm] { return storm.run(); });
  const auto begun = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  };
  while (running.wait_for(100ms) != std::future_status::ready)
    shown.show(given.storm, storm, seconds(), false);
  const held_result end = running.get();
  shown.show(given.storm, storm, end.seconds, true);
  shown.show(end);
  if (json) {
    std::printf("%s\n", json_line(to_json(*problem, end, storm.book())).c_str());
    for (const std::string& why : end.complaints) complain(escape_line(why));
  }
  const bool held = end.lost == 0 && storm.book().wrong == 0 && end.next_call_ok;
  return held ? success : failed;
}

}  // namespace

void add_demo(CLI::App& app, action& run) {
  const auto given = std::make_shared<demo_settings>();
  CLI::App* command =
      app.add_subcommand("demo", "Show the problem and the cure side by side, on real guests");
  command->add_flag("--json", given->json, "Print one line of JSON; so it does in a pipe");
  command->add_option("--calls", given->storm.calls, "How many calls the storm has")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command->add_option("--callers", given->storm.callers, "How many threads call")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--seed", given->storm.seed, "What the callers' dice begin with")
      ->capture_default_str();
  command->add_option("--guests", given->guests,
                      "The folder of the demo's guests; by default beside the command");
  command->footer(
      R"(Direct: each caller owns the future of its call, as in a plain embedding. One of them leaves half-way, and the
instance fails for everybody after it. Held: the same guests and the same storm through Holdfast.

It exits with 0 only where no accepted call was lost, no answer was wrong and every instance answers afterwards.

Examples:
  holdfast demo
  holdfast demo --calls 1000000 --callers 512
  holdfast demo --json | jq .held)");
  command->callback([given, &run] { run = [given] { return run_demo(*given); }; });
}

}  // namespace holdfast::cli
