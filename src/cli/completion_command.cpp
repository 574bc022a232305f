// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/shell_completion.hpp"

namespace holdfast::cli {

void add_completion(CLI::App& app, action& run) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "Print what makes a shell complete this command's line");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      R"(Examples:
  holdfast completion bash > completions.bash
  holdfast completion zsh > _holdfast
  holdfast completion fish > holdfast.fish)");
  command->callback([shell, &app, &run] {
    run = [shell, &app] {
      const auto all = commands_of(app);
      const std::string text = *shell == "bash"  ? bash_completion(all)
                               : *shell == "zsh" ? zsh_completion(all)
                                                 : fish_completion(all);
      std::fwrite(text.data(), 1, text.size(), stdout);
      return success;
    };
  });
}

}  // namespace holdfast::cli
