// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "cli/exit_code.hpp"
#include "cli/http_client.hpp"

/// The running server that a command asks, and what it answers. Every text of it is a stranger's.
namespace holdfast::cli {

struct server_choice {
  std::string server = "http://127.0.0.1:8080";
  std::string token_file;
  bool json = false;

  /// `--server`, `--token-file` and `--json`.
  void add_to(CLI::App& command);
  void add_server_to(CLI::App& command);
  void add_token_to(CLI::App& command);

  result<server_access> read() const { return read(server); }
  /// The same for a server that was named elsewhere.
  result<server_access> read(std::string_view where) const;
};

/// What a server said, or why it said nothing.
struct server_answer {
  http_reply told;
  boost::json::object body{};
  /// Whether it is what was asked for, and no problem.
  bool well = false;
  /// What the command exits with where it is not.
  exit_code code = success;
};

/// Asks a server once.
server_answer ask_server(const server_access& to, const std::string& method, const std::string& target,
                         duration limit = std::chrono::seconds(30));

/// What an answer that came otherwise comes to.
server_answer read_answer(http_reply told, const std::string& method);

/// Tells on standard error what went wrong, or all of it as JSON.
exit_code show_problem(const server_access& to, const server_answer& of, bool json);

/// A member as safe text; empty: there is none, or null.
std::string text_of(const boost::json::object& of, std::string_view name);
double number_of(const boost::json::object& of, std::string_view name);

/// The time here, as servers tell theirs: seconds since 1970.
double now();

}  // namespace holdfast::cli
