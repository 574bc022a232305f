// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/server_choice.hpp"
#include "cli/terminal.hpp"
#include "cli/text_table.hpp"
#include "serve/units.hpp"

namespace holdfast::cli {
namespace {

constexpr std::chrono::seconds for_the_way(30);  // what an answer may take beyond the wait that was asked for
constexpr std::chrono::hours longest_wait(24);   // the server waits for no more

struct calls_settings {
  server_choice server;
  std::string id;
  std::string wait = "none";
  std::string component;
  std::string phase;
  unsigned limit = 100;
};

std::string waits(const boost::json::object& of) {
  if (text_of(of, "phase") == "done") return "";
  return number_of(of, "waiters") > 0 ? text_of(of, "waiters") : "nobody";
}

exit_code run_list(const calls_settings& given) {
  const auto to = given.server.read();
  if (!to) return show(to.error(), given.server.json);
  std::string target = "/v1/calls?limit=" + std::to_string(given.limit);
  if (!given.component.empty()) target += "&component=" + in_path(given.component);
  if (!given.phase.empty()) target += "&phase=" + given.phase;
  const auto answer = ask_server(*to, "GET", target);
  if (!answer.well) return show_problem(*to, answer, given.server.json);
  if (given.server.json) {
    std::printf("%s\n", json_line(answer.body).c_str());
    return success;
  }
  const bool terminal = is_terminal(stdout);
  text_table table({"ID", "COMPONENT", "EXPORT", "ACTOR", "STATE", "AGE", "CELL", "GENERATION", "WAITS"});
  const auto* const all = answer.body.if_contains("calls");
  if (all != nullptr && all->is_array())
    for (const auto& value : all->as_array()) {
      const auto* const each = value.if_object();
      if (each == nullptr) continue;
      const std::string outcome = text_of(*each, "outcome");
      const double age = now() - number_of(*each, "since");
      char seconds[32];
      std::snprintf(seconds, sizeof seconds, "%.3f", std::max(age, 0.0));
      table.row({text_of(*each, "id"), text_of(*each, "component"), text_of(*each, "export"),
                 text_of(*each, "actor"), outcome.empty() ? text_of(*each, "phase") : outcome,
                 terminal ? time_for_people(age) : seconds, text_of(*each, "cell"),
                 text_of(*each, "generation"), waits(*each)});
    }
  table.print(terminal);
  return success;
}

std::string call_target(const calls_settings& given, const std::string& rest = "") {
  return "/v1/calls/" + in_path(given.id) + rest;
}

// What is known of a call: its outcome, or where it is.
exit_code run_show(const calls_settings& given) {
  const auto to = given.server.read();
  if (!to) return show(to.error(), given.server.json);
  auto answer = ask_server(*to, "GET", call_target(given));
  const bool ended = !text_of(answer.body, "id").empty();  // a problem is what became of it, too
  if (!answer.well && !ended) return show_problem(*to, answer, given.server.json);
  if (given.server.json) {
    std::printf("%s\n", json_line(answer.body).c_str());
    return success;
  }
  const bool terminal = is_terminal(stdout);
  text_table table({"WHAT", "IS"});
  for (const char* name : {"id", "outcome", "phase", "effect", "error", "value", "detail", "generation",
                           "attempts", "state_lost", "backtrace"})
    if (const std::string is = text_of(answer.body, name); !is.empty()) table.row({name, is});
  table.print(terminal);
  return success;
}

exit_code run_attach(const calls_settings& given) {
  const auto limit = serve::parse_duration(given.wait);
  if (!limit)
    return show(error(errc::bad_arguments, "--wait: " + limit.error().message()), given.server.json);
  const duration wait = std::min<duration>(*limit, longest_wait);
  const auto to = given.server.read();
  if (!to) return show(to.error(), given.server.json);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "?wait=%.6f", std::chrono::duration<double>(wait).count());
  auto answer = ask_server(*to, "GET", call_target(given, seconds), wait + for_the_way);
  // The call goes on whether the server is heard or not.
  if (answer.told.status == 0 && answer.told.sent) answer.code = unknown;
  if (!answer.well) return show_problem(*to, answer, given.server.json);
  const bool goes_on = answer.told.status == 202;
  if (given.server.json) {
    std::printf("%s\n", json_line(answer.body).c_str());
  } else if (goes_on) {
    complain("detached: the call is " + text_of(answer.body, "phase") + " and goes on; attach again");
  } else if (const auto* const value = answer.body.if_contains("value");
             value != nullptr && !value->is_null()) {
    std::printf("%s\n", json_line(*value).c_str());
  }
  return goes_on ? unknown : success;
}

// Both verbs answer with what the call is in now.
exit_code run_verb(const calls_settings& given, bool kill) {
  const auto to = given.server.read();
  if (!to) return show(to.error(), given.server.json);
  const auto answer = ask_server(*to, kill ? "POST" : "DELETE", call_target(given, kill ? "/kill" : ""));
  if (!answer.well) return show_problem(*to, answer, given.server.json);
  const std::string state = text_of(answer.body, "state");
  const bool worked = state == "revoked" || state == "stopping";
  if (given.server.json) {
    std::printf("%s\n", json_line(answer.body).c_str());
  } else if (state == "revoked") {
    std::printf("revoked: the guest is never entered for it\n");
  } else if (state == "stopping") {
    std::printf("stopping: the guest is stopped and its instance built anew\n");
  } else if (state == "running") {
    complain("running: too late to take it back, it goes on");
  } else {
    complain(state + ": it has its outcome already");
  }
  if (worked) return success;
  return state == "running" ? unknown : failed;
}

exit_code run_revoke(const calls_settings& given) { return run_verb(given, false); }
exit_code run_kill(const calls_settings& given) { return run_verb(given, true); }

CLI::App* add(CLI::App& to, action& run, const char* name, const char* what,
              const std::shared_ptr<calls_settings>& given, exit_code (*does)(const calls_settings&)) {
  CLI::App* command = to.add_subcommand(name, what);
  given->server.add_to(*command);
  command->callback([given, does, &run] { run = [given, does] { return does(*given); }; });
  return command;
}

CLI::App* add_of_id(CLI::App& to, action& run, const char* name, const char* what,
                    const std::shared_ptr<calls_settings>& given, exit_code (*does)(const calls_settings&)) {
  CLI::App* command = add(to, run, name, what, given, does);
  command->add_option("id", given->id, "The call: 32 hexadecimal digits")->required();
  return command;
}

}  // namespace

void add_calls(CLI::App& app, action& run) {
  CLI::App* calls = app.add_subcommand("calls", "Look at the calls of a running server, and end them");
  calls->require_subcommand(1);

  const auto listed = std::make_shared<calls_settings>();
  CLI::App* list =
      add(*calls, run, "list", "List the calls that are not done, the newest first", listed, run_list);
  list->add_option("--component", listed->component, "Those of this component alone");
  list->add_option("--phase", listed->phase, "Those in this phase alone; done: those that ended of late")
      ->check(CLI::IsMember({"queued", "running", "backing_off", "done"}));
  list->add_option("--limit", listed->limit, "The most that are listed")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  list->footer(
      R"(In a pipe: a line each, tabs between, ages in seconds. WAITS says how many still wait for the outcome.

Examples:
  holdfast calls list
  holdfast calls list --phase running --server unix:/run/holdfast.sock
  holdfast calls list --json | jq '.calls[].id')");

  add_of_id(*calls, run, "show", "Tell what became of a call, or where it is",
            std::make_shared<calls_settings>(), run_show)
      ->footer(
          "Exit code 0, whatever the outcome: `attach` exits by it.\n\nExamples:\n"
          "  holdfast calls show 0123456789abcdef0123456789abcdef");

  const auto attached = std::make_shared<calls_settings>();
  add_of_id(*calls, run, "attach", "Wait for a call's outcome and print its value as JSON", attached,
            run_attach)
      ->footer(
          R"(Exit code by the outcome; 4: the wait was over first, and the call goes on.

Examples:
  holdfast calls attach 0123456789abcdef0123456789abcdef --wait 10s)")
      ->add_option("--wait", attached->wait, "How long, such as 500ms, 10s; none: until its outcome")
      ->capture_default_str();

  add_of_id(*calls, run, "revoke", "Take a call back that has not begun", std::make_shared<calls_settings>(),
            run_revoke)
      ->footer(
          R"(Exit code 0: taken back, the guest is never entered; 4: too late, it runs on; 1: it has its outcome already.

Examples:
  holdfast calls revoke 0123456789abcdef0123456789abcdef)");

  add_of_id(*calls, run, "kill", "Stop the guest of a call; its instance is built anew",
            std::make_shared<calls_settings>(), run_kill)
      ->footer(
          R"(Exit code 0: it is being stopped, or was taken back before it began; 1: it has its outcome already.

Examples:
  holdfast calls kill 0123456789abcdef0123456789abcdef)");

  calls->footer(
      R"(A token is read from $HOLDFAST_TOKEN or --token-file, never from the command line.

Examples:
  holdfast calls list
  holdfast calls attach 0123456789abcdef0123456789abcdef --wait 10s
  holdfast calls kill 0123456789abcdef0123456789abcdef --server https://example.org)");
}

}  // namespace holdfast::cli
