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

  void add_to(CLI::App& command) {
    command.add_option("component", path, "A WebAssembly component: .wasm, or .wat in text form")->required();
    command.add_flag("--no-cache", no_cache, "Compile anew, keep nothing");
  }

  result<component> load(const engine& with) const {
    return component::load(with, path,
                           {.cache = no_cache ? std::filesystem::path() : default_compile_cache()});
  }
};

}  // namespace holdfast::cli
