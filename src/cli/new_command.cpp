// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/project_template.hpp"
#include "cli/terminal.hpp"
#include "serve/read_config.hpp"

namespace holdfast::cli {
namespace {

struct new_settings {
  std::string folder;
  std::string name;
  std::string language = "javascript";
  bool json = false;
};

std::string with_name(std::string_view content, std::string_view name) {
  constexpr std::string_view placeholder = "{{name}}";
  std::string all;
  while (true) {
    const std::size_t at = content.find(placeholder);
    all += content.substr(0, at);
    if (at == std::string_view::npos) return all;
    all += name;
    content.remove_prefix(at + placeholder.size());
  }
}

// Never over a file that is there.
std::optional<std::string> write(const std::filesystem::path& file, std::string_view content,
                                 bool executable) {
  const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, executable ? 0777 : 0666);
  if (to < 0) return file.string() + ": " + std::strerror(errno);
  while (!content.empty()) {
    const ssize_t done = ::write(to, content.data(), content.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      std::string why = file.string() + ": " + std::strerror(errno);
      ::close(to);
      return why;
    }
    content.remove_prefix(static_cast<std::size_t>(done));
  }
  if (::close(to) != 0) return file.string() + ": " + std::strerror(errno);
  return std::nullopt;
}

exit_code refuse(const new_settings& given, const std::string& why) {
  return show(error(errc::bad_arguments, why), given.json);
}

exit_code run_new(const new_settings& given) {
  std::error_code failed;
  const auto folder = std::filesystem::absolute(given.folder, failed).lexically_normal();
  if (failed || given.folder.empty()) return refuse(given, "a folder is needed");
  const std::filesystem::path last =
      folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  const std::string name = given.name.empty() ? last.string() : given.name;
  // It stands in file names and in TOML without quotation marks.
  if (!serve::is_component_name(name) || name.front() == '.' || name.find('.') != std::string::npos)
    return refuse(given,
                  "`" + name +
                      "` cannot be the component's name: that has letters, digits, `-` and `_`, at most " +
                      "64; --name gives another");
  if (std::filesystem::exists(folder, failed) && !std::filesystem::is_directory(folder, failed))
    return refuse(given, given.folder + ": it is no folder");
  std::filesystem::create_directories(folder, failed);
  if (failed) return refuse(given, given.folder + ": " + failed.message());
  const bool empty = std::filesystem::is_empty(folder, failed);
  if (failed) return refuse(given, given.folder + ": " + failed.message());
  if (!empty) return refuse(given, given.folder + ": the folder is not empty");

  boost::json::array files;
  for (const project_file& each : project_template()) {
    if (each.language != given.language) continue;
    const auto file = folder / each.path;
    std::filesystem::create_directories(file.parent_path(), failed);
    if (failed) return refuse(given, file.string() + ": " + failed.message());
    if (const auto wrong = write(file, with_name(each.content, name), each.executable))
      return refuse(given, *wrong);
    const std::string shown = (std::filesystem::path(given.folder) / each.path).string();
    files.emplace_back(shown);
    if (!given.json) std::printf("%s\n", escape_line(shown).c_str());
  }
  if (given.json)
    std::printf("%s\n",
                json_line(boost::json::object{
                              {"name", name}, {"language", given.language}, {"files", std::move(files)}})
                    .c_str());
  return success;
}

}  // namespace

void add_new(CLI::App& app, action& run) {
  const auto given = std::make_shared<new_settings>();
  CLI::App* command =
      app.add_subcommand("new", "Write a project: a component's source, and how it is built and served");
  command->add_option("folder", given->folder, "Where; made if it is not there, refused if it is not empty")
      ->required();
  command->add_option("--language", given->language, "The language of the source")
      ->check(CLI::IsMember({"c", "javascript", "python"}))
      ->capture_default_str();
  command->add_option("--name", given->name, "The component's name; else that of the folder");
  command->add_flag("--json", given->json, "Print one line of JSON");
  command->footer(
      R"(Prints each file that it wrote. The project's README says what building needs.

Examples:
  holdfast new greeter
  holdfast new greeter-c --language c
  holdfast new work/greeter-py --language python --name greeter)");
  command->callback([given, &run] { run = [given] { return run_new(*given); }; });
}

}  // namespace holdfast::cli
