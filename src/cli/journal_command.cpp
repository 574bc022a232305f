// SPDX-License-Identifier: Apache-2.0
#include <boost/json/object.hpp>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "host/keyed_export.hpp"
#include "host/sqlite_journal.hpp"
#include "wit/base64.hpp"
#include "wit/json.hpp"
#include "wit/packed.hpp"
#include "wit/utf8.hpp"

namespace holdfast::cli {
namespace {

using detail::journal_account;
using detail::sqlite_journal;

struct journal_settings {
  std::string path;
  bool json = false;
};

result<std::shared_ptr<sqlite_journal>> open(const journal_settings& given) {
  return sqlite_journal::open(given.path, {.create = false});
}

std::string mebibytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

boost::json::object to_json(const std::string& path, const journal_account& of) {
  return {
      {"journal", path},     {"version", of.version}, {"records", of.records}, {"unfinished", of.unfinished},
      {"actors", of.actors}, {"steps", of.steps},     {"timers", of.timers},   {"bytes", of.bytes}};
}

exit_code run_check(const journal_settings& given) {
  auto opened = open(given);
  if (!opened) return show(opened.error(), given.json);
  sqlite_journal& of = **opened;
  if (const auto wrong = of.check()) return show(*wrong, given.json);
  // What is whole may still not be what its names say.
  std::optional<error> misplaced;
  const auto failed = of.read([&](const journal_record& each) {
    if (!misplaced && detail::print_of(each.pool, each.actor, each.function, each.name) != each.key)
      misplaced =
          error(errc::bad_journal, "the journal " + given.path + " is damaged: the record of call " +
                                       each.call.to_string() + " stands under another key than its own");
  });
  if (failed || misplaced) return show(failed ? *failed : *misplaced, given.json);
  const auto account = of.account();
  if (!account) return show(account.error(), given.json);
  if (given.json) {
    auto json = to_json(given.path, *account);
    json["sound"] = true;
    std::printf("%s\n", json_line(json).c_str());
  } else {
    std::printf(
        "%s: sound. Version %d, %lld records, %lld of them not finished, %lld actors with %lld calls to do "
        "again and %lld timers, %s\n",
        escape_line(given.path).c_str(), account->version, static_cast<long long>(account->records),
        static_cast<long long>(account->unfinished), static_cast<long long>(account->actors),
        static_cast<long long>(account->steps), static_cast<long long>(account->timers),
        mebibytes(account->bytes).c_str());
  }
  return success;
}

exit_code run_compact(const journal_settings& given) {
  auto opened = open(given);
  if (!opened) return show(opened.error(), given.json);
  const auto before = (*opened)->account();
  if (!before) return show(before.error(), given.json);
  if (const auto failed = (*opened)->compact()) return show(*failed, given.json);
  const auto after = (*opened)->account();
  if (!after) return show(after.error(), given.json);
  if (given.json) {
    auto json = to_json(given.path, *after);
    json["bytes_before"] = before->bytes;
    std::printf("%s\n", json_line(json).c_str());
  } else {
    std::printf("%s: %s, was %s\n", escape_line(given.path).c_str(), mebibytes(after->bytes).c_str(),
                mebibytes(before->bytes).c_str());
  }
  return success;
}

std::string time_text(std::chrono::system_clock::time_point at) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  char all[48];
  std::snprintf(all, sizeof(all), "%.*s.%03lldZ", static_cast<int>(size), text,
                static_cast<long long>(ms % 1000));
  return all;
}

std::string as_text(std::string_view untrusted) {
  return wit::valid_utf8_prefix(untrusted) == untrusted.size() ? std::string(untrusted)
                                                               : escape_line(untrusted);
}

std::string as_base64(std::span<const std::byte> bytes) {
  return wit::to_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// Records of one export have one type: it is read once.
class values {
 public:
  void add(const journal_record& of, boost::json::object& to) {
    if (of.result_type.empty()) return;
    const std::string bytes(reinterpret_cast<const char*>(of.result_type.data()), of.result_type.size());
    auto [known, fresh] = types_.try_emplace(bytes);
    if (fresh)
      if (auto read = wit::decode_type(of.result_type)) known->second = *std::move(read);
    if (known->second) {
      to["type"] = known->second->to_string();
      if (const auto value = wit::decode(*known->second, of.value))
        if (auto json = wit::to_json(*known->second, *value)) {
          to["value"] = *std::move(json);
          return;
        }
    }
    to["value_base64"] = as_base64(of.value);
  }

 private:
  std::unordered_map<std::string, std::optional<wit::type>> types_;
};

boost::json::object to_json(const journal_record& of, values& known) {
  boost::json::object json{{"pool", as_text(of.pool)},
                           {"export", as_text(of.function)},
                           {"key", as_text(of.name)},
                           {"id", of.call.to_string()},
                           {"state", of.done ? "done" : "unfinished"}};
  if (!of.done) {
    json["runs_again"] = of.arguments.has_value();
    return json;
  }
  json["outcome"] = to_string(of.what);
  json["effect"] = to_string(effect_of(of.what));
  json["at"] = time_text(of.at);
  json["generation"] = of.generation;
  json["attempts"] = of.attempts;
  if (of.what == outcome::completed) known.add(of, json);
  if (!of.detail.empty()) json["detail"] = as_text(of.detail);
  if (!of.backtrace.empty()) json["backtrace"] = as_text(of.backtrace);
  return json;
}

exit_code run_export(const journal_settings& given) {
  auto opened = open(given);
  if (!opened) return show(opened.error(), true);
  values known;
  const auto failed = (*opened)->read(
      [&](const journal_record& each) { std::printf("%s\n", json_line(to_json(each, known)).c_str()); });
  return failed ? show(*failed, true) : success;
}

CLI::App* add(CLI::App& to, action& run, const char* name, const char* what, bool has_json,
              exit_code (*does)(const journal_settings&)) {
  const auto given = std::make_shared<journal_settings>();
  CLI::App* command = to.add_subcommand(name, what);
  command->add_option("journal", given->path, "The journal's file; no host may be using it")->required();
  if (has_json) command->add_flag("--json", given->json, "Print one line of JSON");
  command->callback([given, does, &run] { run = [given, does] { return does(*given); }; });
  return command;
}

}  // namespace

void add_journal(CLI::App& app, action& run) {
  CLI::App* journal = app.add_subcommand("journal", "Look at the journal of calls with keys, and tidy it");
  journal->require_subcommand(1);
  add(*journal, run, "check", "Read every page and every record", true, run_check)
      ->footer("Examples:\n  holdfast journal check calls.journal");
  add(*journal, run, "compact", "Give the room of records that were erased back", true, run_compact)
      ->footer("Examples:\n  holdfast journal compact calls.journal");
  add(*journal, run, "export", "Print a line of JSON for each record", false, run_export)
      ->footer("Examples:\n  holdfast journal export calls.journal | jq 'select(.state == \"unfinished\")'");
  journal->footer(
      R"(A journal is in use by one process at a time. A damaged one, or one of a newer Holdfast, is refused as bad input.

Examples:
  holdfast journal check calls.journal
  holdfast journal compact calls.journal --json
  holdfast journal export calls.journal)");
}

}  // namespace holdfast::cli
