// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <holdfast/component.hpp>
#include <holdfast/engine.hpp>
#include <string>

/// The component that a command is given, and where its compiled code is kept.
namespace holdfast::cli {

struct component_file {
  std::string path;
  bool no_cache = false;
  contract_sources contract{};

  void add_to(CLI::App& command) {
    command.add_option("component", path, "A WebAssembly component: .wasm, or .wat in text form")->required();
    command.add_flag("--no-cache", no_cache, "Compile anew, keep nothing");
  }

  /// For commands that show the contract: where it comes from.
  void add_contract_to(CLI::App& command) {
    command.add_option(
        "--manifest", contract.manifest,
        "Take the marks from this JSON file, not from NAME.holdfast.json beside the component");
    command.add_option("--wit", contract.wit,
                       "Take documentation and marks from the comments of this WIT file or directory");
    command.add_option("--world", contract.world, "The world of --wit that the component implements");
  }

  result<component> load(const engine& with) const {
    return component::load(
        with, path,
        {.cache = no_cache ? std::filesystem::path() : default_compile_cache(), .contract = contract});
  }
};

}  // namespace holdfast::cli
