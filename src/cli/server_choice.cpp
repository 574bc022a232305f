// SPDX-License-Identifier: Apache-2.0
#include "cli/server_choice.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/answer.hpp"
#include "cli/terminal.hpp"
#include "host/journal_digest.hpp"
#include "serve/ascii.hpp"
#include "serve/units.hpp"
#include "wit/json.hpp"

namespace holdfast::cli {
namespace {

constexpr std::size_t longest_token = 4096;

result<std::string> checked_token(std::string_view text, const std::string& from) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.empty()) return error(errc::bad_arguments, from + " has no token");
  for (const char c : text)
    if (!serve::ascii::is_visible(c))
      return error(errc::bad_arguments, from + " has a character that no token has");
  return std::string(text);
}

result<std::string> read_token(const std::string& file) {
  if (!file.empty()) {
    std::ifstream from(file, std::ios::binary);
    std::string text(longest_token + 1, '\0');
    if (!from) return error(errc::bad_arguments, "--token-file: " + file + " cannot be read");
    from.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(from.gcount()));
    if (text.size() > longest_token)
      return error(errc::bad_arguments, "--token-file: " + file + " is longer than any token");
    return checked_token(text, "--token-file: " + file);
  }
  const char* const given = std::getenv("HOLDFAST_TOKEN");
  if (given == nullptr || *given == '\0') return std::string();
  return checked_token(given, "$HOLDFAST_TOKEN");
}

// What the person who typed can mend, the rest by whether the guest ran.
exit_code code_of_problem(const server_answer& of) {
  switch (of.told.status) {
    case 400:
    case 401:
    case 403:
    case 404:
    case 405:
    case 413:
    case 415:
    case 422:
      return bad_input;
    default:
      break;
  }
  return code_of(detail::effect_named(text_of(of.body, "effect")).value_or(effect::unknown));
}

}  // namespace

void server_choice::add_server_to(CLI::App& command) {
  command
      .add_option("--server", server,
                  "The server: http://HOST:PORT, https://HOST:PORT or unix:PATH; by default $HOLDFAST_SERVER")
      ->envname("HOLDFAST_SERVER")
      ->capture_default_str();
}

void server_choice::add_token_to(CLI::App& command) {
  command.add_option("--token-file", token_file,
                     "Show the server the token in this file; by default $HOLDFAST_TOKEN");
}

void server_choice::add_to(CLI::App& command) {
  add_server_to(command);
  add_token_to(command);
  command.add_flag("--json", json, "Print what the server answers, as one line of JSON");
}

result<server_access> server_choice::read(std::string_view where) const {
  auto address = parse_server_address(where);
  if (!address) return address.error();
  auto token = read_token(token_file);
  if (!token) return token.error();
  if (!token->empty() && address->kind == server_address::family::http && !address->is_local())
    complain("warning: the token goes over the network unencrypted; https:// hides it");
  return server_access{*std::move(address), *std::move(token)};
}

server_answer ask_server(const server_access& to, const std::string& method, const std::string& target,
                         duration limit) {
  http_question what;
  what.method = method;
  what.target = target;
  if (method == "POST") what.body = "{}";
  return read_answer(ask(to, std::move(what), limit), method);
}

server_answer read_answer(http_reply told, const std::string& method) {
  server_answer made{.told = std::move(told)};
  if (made.told.status == 0) {
    // A question that changes something may have done so, though its answer is lost.
    made.code = made.told.sent && method != "GET" ? unknown : bad_input;
    return made;
  }
  if (auto read = wit::parse_json(made.told.body); read && read->is_object())
    made.body = std::move(read->as_object());
  else if (made.told.status < 300)
    made.told.why = "what answers there is no Holdfast: its answer is no JSON";
  made.well = made.told.status < 300 && made.told.why.empty();
  if (!made.well) made.code = made.told.status < 300 ? bad_input : code_of_problem(made);
  return made;
}

exit_code show_problem(const server_access& to, const server_answer& of, bool json) {
  if (json) {
    boost::json::object all = of.body;
    if (!of.told.why.empty()) {
      all["error"] = of.told.status == 0 && !of.told.sent ? "unreachable" : "no_answer";
      all["detail"] = of.told.why;
      all["server"] = to.where.text;
    }
    std::printf("%s\n", json_line(all).c_str());
    return of.code;
  }
  const std::string where = escape_line(to.where.text);
  if (of.told.status == 0 && !of.told.sent) {
    complain("no server is reached at " + where + ": " + escape_line(of.told.why) +
             " (--server or $HOLDFAST_SERVER says where it is)");
    return of.code;
  }
  if (!of.told.why.empty()) {
    complain("the server at " + where + " did not answer: " + escape_line(of.told.why));
    return of.code;
  }
  std::string line = text_of(of.body, "outcome");
  const std::string title = text_of(of.body, "title");
  const std::string detail = text_of(of.body, "detail");
  const std::string& said = detail.empty() ? title : detail;
  if (!said.empty()) line += (line.empty() ? "" : ": ") + said;
  if (line.empty()) line = "the server answers with status " + std::to_string(of.told.status);
  if (of.told.status == 401) line += " ($HOLDFAST_TOKEN or --token-file gives the token)";
  complain(line);
  return of.code;
}

std::string text_of(const boost::json::object& of, std::string_view name) {
  const boost::json::value* const found = of.if_contains({name.data(), name.size()});
  if (found == nullptr || found->is_null()) return {};
  if (const auto* const text = found->if_string()) return escape_line({text->data(), text->size()});
  return json_line(*found);
}

double number_of(const boost::json::object& of, std::string_view name) {
  const boost::json::value* const found = of.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_number()) return 0;
  boost::system::error_code failed;
  const double read = found->to_number<double>(failed);
  return failed ? 0 : read;
}

double now() { return serve::seconds(std::chrono::system_clock::now().time_since_epoch()); }

}  // namespace holdfast::cli
