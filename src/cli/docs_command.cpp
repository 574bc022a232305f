// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/component_file.hpp"
#include "cli/terminal.hpp"
#include "wit/carried.hpp"
#include "wit/docs_page.hpp"

namespace holdfast::cli {
namespace {

enum class docs_format : std::uint8_t { markdown, html, json };

struct docs_settings {
  component_file file;
  docs_format format = docs_format::markdown;
  bool json = false;
  bool embed = false;
  std::string output;
};

// Writes beside the file and renames, so that a reader finds the old file or the new one, and a component
// that replaces itself is never lost half-way.
result<void> write_file(const std::filesystem::path& path, std::string_view contents) {
  const auto refuse = [&](const std::string& why) {
    return error(errc::bad_arguments, path.string() + ": " + why);
  };
  std::error_code failed;
  if (std::filesystem::exists(path, failed) && !std::filesystem::is_regular_file(path, failed)) {
    // A device or a pipe takes the contents itself.
    if (std::filesystem::is_directory(path, failed)) return refuse("is a directory");
    std::ofstream out(path, std::ios::binary);
    if (!out.write(contents.data(), static_cast<std::streamsize>(contents.size())).flush())
      return refuse("cannot be written");
    return {};
  }
  std::filesystem::path part = path;
  part += ".part";
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    if (!out) return refuse(std::strerror(errno));
    if (!out.write(contents.data(), static_cast<std::streamsize>(contents.size())).flush()) {
      std::filesystem::remove(part, failed);
      return refuse("cannot be written");
    }
  }
  std::filesystem::rename(part, path, failed);
  if (!failed) return {};
  const std::string why = failed.message();
  std::filesystem::remove(part, failed);
  return refuse(why);
}

result<std::string> embedded(const docs_settings& given, const component& of) {
  std::ifstream file(given.file.path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file && !file.eof()) return error(errc::not_wasm, given.file.path + ": cannot be read");
  const auto made = wit::embed(std::as_bytes(std::span(bytes)), of.world());
  if (!made) return error(made.error().code, given.file.path + ": " + made.error().message());
  return std::string(reinterpret_cast<const char*>(made->data()), made->size());
}

result<std::string> page_of(const docs_settings& given, const component& of) {
  const std::string title = std::filesystem::path(given.file.path).filename().string();
  if (given.embed) return embedded(given, of);
  switch (given.format) {
    case docs_format::markdown:
      return wit::docs_markdown(of.world(), title);
    case docs_format::html:
      return wit::docs_html(of.world(), title);
    case docs_format::json:
      return json_line(wit::docs_json(of.world(), given.file.path)) + "\n";
  }
  return error(errc::internal, "no such format");
}

exit_code run_docs(docs_settings& given) {
  if (given.json) given.format = docs_format::json;
  const auto refuse = [&](const error& why) { return show(why, given.json); };
  if (given.embed && given.output.empty())
    return refuse(error(errc::bad_arguments, "--embed makes a component: name its file with --output"));
  auto with = engine::make({.max_instances = 1});
  if (!with) return refuse(with.error());
  const auto loaded = given.file.load(*with);
  if (!loaded) return refuse(loaded.error());
  const auto page = page_of(given, *loaded);
  if (!page) return refuse(page.error());
  if (given.output.empty() || given.output == "-") {
    std::fwrite(page->data(), 1, page->size(), stdout);
    return success;
  }
  if (const auto written = write_file(given.output, *page); !written) return refuse(written.error());
  return success;
}

}  // namespace

void add_docs(CLI::App& app, action& run) {
  const auto given = std::make_shared<docs_settings>();
  CLI::App* command = app.add_subcommand("docs", "Document each export: signature, text and cancel contract");
  given->file.add_to(*command);
  given->file.add_contract_to(*command);
  command->add_option("--format", given->format, "markdown, html or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, docs_format>{
              {"markdown", docs_format::markdown}, {"html", docs_format::html}, {"json", docs_format::json}},
          CLI::ignore_case))
      ->type_name("FORMAT")
      ->default_str("markdown");
  command->add_flag("--json", given->json, "The same as --format json; errors are JSON too");
  command->add_option("-o,--output", given->output, "Write to this file; - is standard output")
      ->type_name("FILE");
  command->add_flag("--embed", given->embed,
                    "Write no page but the component itself, with documentation and marks in it");
  command->footer(
      R"(The contract of an export says what may be done to a call of it. It is declared by marks: `idempotent`,
`read-only`, `kill-safe`; without any, an export is non-cancellable once running. Marks come from the manifest
first, then from --wit, then from what the component carries (--embed). In WIT they stand in a comment:

  /// The stock of an item.
  /// @holdfast: read-only
  export stock: func(item: string) -> u32;

Examples:
  holdfast docs app.wasm
  holdfast docs app.wasm --format html -o app.html
  holdfast docs app.wasm --json | jq '.exports[] | select(.retry_safe) | .name'
  holdfast docs orders.wasm --wit wit --embed -o documented.wasm)");
  command->callback([given, &run] { run = [given] { return run_docs(*given); }; });
}

}  // namespace holdfast::cli
