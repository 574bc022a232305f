// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/event_stream.hpp"
#include "cli/server_choice.hpp"
#include "cli/terminal.hpp"
#include "cli/top_frame.hpp"
#include "cli/top_model.hpp"
#include "cli/top_screen.hpp"
#include "wit/json.hpp"

namespace holdfast::cli {
namespace {

using namespace top;
using namespace std::chrono_literals;

constexpr auto between_frames = 500ms;
constexpr std::chrono::seconds longest_silence(30);  // the server says something every ten
constexpr std::chrono::seconds longest_answer(10);
constexpr std::chrono::seconds longest_backoff(8);

struct top_settings {
  server_choice server;
  bool once = false;
};

class view {
 public:
  view(const top_settings& given, server_access to)
      : given_(given),
        to_(std::move(to)),
        one_frame_(given.once || (!given.server.json && !is_terminal(stdout))),
        events_(loop_, to_),
        verbs_(loop_, to_),
        frames_(loop_),
        again_(loop_),
        signals_(loop_, SIGINT, SIGTERM, SIGHUP),
        size_(loop_, SIGWINCH, SIGTSTP, SIGQUIT),
        keys_(loop_) {}

  exit_code run() {
    end_on_signal();
    watch_terminal();
    listen();
    loop_.run();
    screen_.reset();
    return code_;
  }

 private:
  void end(exit_code code) {
    code_ = code;
    loop_.stop();
  }

  // What comes from the server.

  void listen() {
    problem_.clear();
    stream_.emplace([this](const std::string& event, const std::string& data) { take(event, data); });
    http_question what;
    what.target = "/v1/events";
    events_.listen(
        std::move(what), longest_silence,
        [this](unsigned status, std::string_view piece) {
          if (status != 200) {
            problem_ += piece;
          } else if (!stream_->push(piece)) {
            events_.reset();
          }
        },
        [this](http_reply told) { stopped(std::move(told)); });
  }

  void take(const std::string& event, const std::string& data) {
    const auto json = wit::parse_json(data);
    if (!json || !json->is_object() || !known_.take(event, json->as_object())) return;
    connection_ = "live";
    backoff_ = 500ms;
    if (given_.server.json) {
      std::printf("%s\n", json_line(boost::json::object{{"event", event}, {"data", *json}}).c_str());
      std::fflush(stdout);
      if (given_.once || std::ferror(stdout) != 0) end(success);
      return;
    }
    if (one_frame_) return show_once();
    if (!screen_) begin_screen();
    draw();
  }

  void stopped(http_reply told) {
    if (told.status != 0 && told.status != 200) told.body = problem_;
    const bool refused = told.status >= 400 && told.status < 500;
    if (!screen_ || refused) {
      if (told.status == 200) {
        told.status = 0;
        told.why = "its events ended";
      }
      const auto answer = read_answer(std::move(told), "GET");
      screen_.reset();
      return end(show_problem(to_, answer, given_.server.json));
    }
    connection_ = "NOT CONNECTED: " + escape_line(told.why.empty() ? "the server ended" : told.why);
    draw();
    again_.expires_after(backoff_);
    backoff_ = std::min<std::chrono::milliseconds>(2 * backoff_, longest_backoff);
    again_.async_wait([this](boost::system::error_code failed) {
      if (!failed) listen();
    });
  }

  // What the person sees.

  frame_settings frame_now() const {
    frame_settings how;
    how.server = escape_line(to_.where.text);
    how.connection = connection_;
    how.now = known_.at + (now() - known_.heard_at);
    return how;
  }

  void show_once() {
    frame_settings how = frame_now();
    if (is_terminal(stdout)) how.columns = screen::size().columns;
    for (const std::string& line : top::draw(known_, how)) std::printf("%s\n", line.c_str());
    end(success);
  }

  void begin_screen() {
    screen_.emplace();
    known_.sample(now());
    tick();
    boost::system::error_code failed;
    keys_.assign(::dup(STDIN_FILENO), failed);
    if (!failed) read_keys();
  }

  void tick() {
    frames_.expires_after(between_frames);
    frames_.async_wait([this](boost::system::error_code failed) {
      if (failed) return;
      known_.sample(now());
      draw();
      tick();
    });
  }

  void draw() {
    if (!screen_) return;
    keep_selected();
    const screen_size size = screen::size();
    frame_settings how = frame_now();
    how.columns = size.columns;
    how.rows = size.rows;
    how.selected = selected_;
    how.interactive = true;
    how.message = message_;
    if (!screen_->show(top::draw(known_, how))) end(failed);
  }

  // Where the chosen call is gone, the one in its place is chosen.
  void keep_selected() {
    const auto calls = known_.calls();
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (calls[i]->id == selected_) {
        place_ = i;
        return;
      }
    place_ = calls.empty() ? 0 : std::min(place_, calls.size() - 1);
    selected_ = calls.empty() ? std::string() : calls[place_]->id;
  }

  // What the person wants.

  void read_keys() {
    // Only waited for: a descriptor that is made not to block would not block for the shell either.
    keys_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code failed) {
      if (failed) return;
      std::array<char, 256> bytes{};
      const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
      if (got <= 0) return;  // nobody types any more
      for (const key each : reader_.push(std::string(bytes.data(), static_cast<std::size_t>(got))))
        press(each);
      draw();
      read_keys();
    });
  }

  void press(key which) {
    if (asked_ && which != key::quit) {
      if (which == key::yes)
        send_verb("POST", std::exchange(asked_, std::nullopt).value(), "/kill");
      else if (which == key::no)
        message_ = "not killed";
      else
        return;
      asked_.reset();
      return;
    }
    switch (which) {
      case key::quit:
        return end(success);
      case key::up:
        return choose(-1);
      case key::down:
        return choose(1);
      case key::page_up:
        return choose(-10);
      case key::page_down:
        return choose(10);
      case key::home:
        return choose(-1'000'000'000);
      case key::end:
        return choose(1'000'000'000);
      case key::kill:
        return ask_to_kill();
      case key::revoke:
        if (!selected_.empty()) send_verb("DELETE", selected_, "");
        return;
      case key::none:
      case key::yes:
      case key::no:
      case key::redraw:
        message_.clear();
    }
  }

  void choose(std::ptrdiff_t by) {
    message_.clear();
    const auto calls = known_.calls();
    if (calls.empty()) return;
    const auto to = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(place_) + by, 0,
                                               static_cast<std::ptrdiff_t>(calls.size()) - 1);
    place_ = static_cast<std::size_t>(to);
    selected_ = calls[place_]->id;
  }

  void ask_to_kill() {
    const auto found = known_.in_flight.find(selected_);
    if (found == known_.in_flight.end()) return;
    if (!known_.may_kill) {
      message_ = "there is no right to kill";
      return;
    }
    asked_ = selected_;
    message_ = "Stop the guest of " + found->second.component + " " + found->second.function + " " +
               selected_.substr(0, 8) + "? Its instance is built anew.  y/n";
  }

  void send_verb(const std::string& method, const std::string& id, const std::string& rest) {
    if (busy_) {
      message_ = "the answer to the last question is not there yet";
      return;
    }
    busy_ = true;
    message_ = "...";
    http_question what;
    what.method = method;
    what.target = "/v1/calls/" + in_path(id) + rest;
    if (method == "POST") what.body = "{}";
    verbs_.ask(std::move(what), longest_answer, [this, method, id](http_reply told) {
      busy_ = false;
      const auto answer = read_answer(std::move(told), method);
      std::string said = text_of(answer.body, "state");
      if (said == "running") said = "it runs: too late to take it back";
      if (said.empty()) said = text_of(answer.body, "detail");
      if (said.empty()) said = answer.told.why.empty() ? "no answer" : escape_line(answer.told.why);
      message_ = id.substr(0, 8) + ": " + said;
      draw();
    });
  }

  // What comes from the system.

  void end_on_signal() {
    signals_.async_wait([this](boost::system::error_code failed, int) {
      if (!failed) end(success);
    });
  }

  void watch_terminal() {
    size_.async_wait([this](boost::system::error_code failed, int which) {
      if (failed) return;
      if (which == SIGQUIT) return end(success);
      if (which == SIGTSTP && screen_) {
        screen_->leave();
        ::raise(SIGSTOP);
        screen_->enter();
      }
      draw();
      watch_terminal();
    });
  }

  const top_settings& given_;
  const server_access to_;
  const bool one_frame_;
  asio::io_context loop_;
  http_connection events_;
  http_connection verbs_;
  asio::steady_timer frames_;
  asio::steady_timer again_;
  asio::signal_set signals_;
  asio::signal_set size_;
  asio::posix::stream_descriptor keys_;
  std::optional<event_stream> stream_;
  std::string problem_;  // the body of a refusal
  model known_;
  key_reader reader_;
  std::optional<screen> screen_;
  std::string connection_ = "connecting";
  std::string selected_;
  std::size_t place_ = 0;
  std::optional<std::string> asked_;  // the call that is to be killed, once the person agrees
  std::string message_;
  bool busy_ = false;
  std::chrono::milliseconds backoff_ = 500ms;
  exit_code code_ = success;
};

exit_code run_top(const top_settings& given) {
  auto to = given.server.read();
  if (!to) return show(to.error(), given.server.json);
  view shown(given, *std::move(to));
  return shown.run();
}

}  // namespace

void add_top(CLI::App& app, action& run) {
  const auto given = std::make_shared<top_settings>();
  CLI::App* command =
      app.add_subcommand("top", "Watch a running server: its calls, cells, outcomes and faults");
  given->server.add_server_to(*command);
  given->server.add_token_to(*command);
  command->add_flag("--once", given->once, "Print one picture and end; so it does in a pipe");
  command->add_flag("--json", given->server.json, "Print each of the server's events as a line of JSON");
  command->footer(
      R"(Keys: arrows choose a call, k kills it after a question, r revokes it, q ends. Whoever wants to see the calls of
others needs the right to kill, where the server asks for a token.

Examples:
  holdfast top
  holdfast top --server https://example.org --token-file token
  holdfast top --once
  holdfast top --once --json | jq .data.totals)");
  command->callback([given, &run] { run = [given] { return run_top(*given); }; });
}

}  // namespace holdfast::cli
