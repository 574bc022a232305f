// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <holdfast/engine.hpp>
#include <string>

#include "cli/command.hpp"
#include "cli/terminal.hpp"

namespace {

constexpr const char* footer = R"(Examples:
  holdfast demo
  holdfast inspect app.wasm
  holdfast docs app.wasm
  holdfast call app.wasm 'greet("ada")'
  holdfast serve app.wasm
  holdfast calls list
  holdfast top
  holdfast load app.wasm --export greet --args '["ada"]'
  holdfast new greeter --language python
  holdfast check holdfast.toml
  holdfast journal check calls.journal

Exit codes:
  0  the call completed; for `demo`, every claim held
  1  the guest ran and did not complete; for `demo`, a claim did not hold
  2  bad input: the command line, a file, a name or an argument; no guest ran
  3  refused, revoked or expired: the guest never ran, trying again is safe
  4  nobody can say whether the guest ran, or the wait was over first
  70 a fault of Holdfast's own; please report it)";

// What is wrong with the command line, in a line. CLI11 asks for what is missing before it names what is not
// known.
std::string what_is_wrong(const CLI::App& app, const CLI::App& asked, const CLI::ParseError& wrong) {
  for (const std::string& extra : app.remaining(true)) {
    if (extra.size() > 1 && extra.starts_with('-') && extra != "--") return "unknown option `" + extra + "`";
    if (&asked == &app) return "unknown command `" + extra + "`";
  }
  if (&asked == &app && dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr)
    return "a command is needed";
  const std::string text = wrong.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&wrong) != nullptr)
    return text.substr(0, text.find(':')) + " needs a value";
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace holdfast::cli;
  CLI::App app("Hosts WebAssembly components so that no caller can break one.", "holdfast");
  app.require_subcommand(1);
  app.footer(footer);
  app.set_version_flag("--version", [] {
    return std::string("holdfast ") + HOLDFAST_VERSION + " (wasmtime " + holdfast::engine::version() + ")";
  });
  action run;
  add_call(app, run);
  add_inspect(app, run);
  add_docs(app, run);
  add_demo(app, run);
  add_journal(app, run);
  add_serve(app, run);
  add_check(app, run);
  add_compile(app, run);
  add_new(app, run);
  add_calls(app, run);
  add_components(app, run);
  add_actors(app, run);
  add_load(app, run);
  add_top(app, run);
  add_completion(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    if (wrong.get_exit_code() == 0) return app.exit(wrong);  // --help, --version
    const auto chosen = app.get_subcommands();
    const CLI::App* asked = &app;
    std::string words = "holdfast";
    for (auto next = chosen; !next.empty(); next = asked->get_subcommands()) {
      asked = next.front();
      words += " " + asked->get_name();
    }
    complain(escape_line(what_is_wrong(app, *asked, wrong)) + " (" + words + " --help tells more)");
    return bad_input;
  }
  try {
    const exit_code code = run();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      complain("the output could not be written");
      return failed;
    }
    return code;
  } catch (const std::system_error& refused) {
    complain(escape_line(refused.what()));
    return bad_input;
  } catch (const std::exception& wrong) {
    complain("internal error: " + escape_line(wrong.what()));
    return defect;
  }
}
