// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/exit_code.hpp"

/// The subcommands. Each adds itself to the application and sets `run` when it is the one that was asked for.
namespace holdfast::cli {

/// What the chosen subcommand does once the command line is read.
using action = std::function<exit_code()>;

void add_call(CLI::App& app, action& run);
void add_inspect(CLI::App& app, action& run);
void add_docs(CLI::App& app, action& run);
void add_demo(CLI::App& app, action& run);
void add_journal(CLI::App& app, action& run);
void add_serve(CLI::App& app, action& run);
void add_compile(CLI::App& app, action& run);
void add_check(CLI::App& app, action& run);
void add_new(CLI::App& app, action& run);
void add_calls(CLI::App& app, action& run);
void add_components(CLI::App& app, action& run);
void add_actors(CLI::App& app, action& run);
void add_load(CLI::App& app, action& run);
void add_top(CLI::App& app, action& run);
void add_completion(CLI::App& app, action& run);

}  // namespace holdfast::cli
