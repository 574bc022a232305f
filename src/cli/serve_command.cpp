// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/answer.hpp"
#include "cli/apart_compiler.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "serve/listen_address.hpp"
#include "serve/read_config.hpp"
#include "serve/server.hpp"
#include "serve/systemd.hpp"
#include "serve/units.hpp"

namespace holdfast::cli {
namespace {

using serve::config_reading;

struct serve_settings {
  std::vector<std::string> files;
  std::vector<std::string> listen;
  std::string journal;
  unsigned cells = 0;
  bool no_cache = false;
  bool json = false;
};

// The signals that end and reload a server, read like anything else that comes. Blocked before any thread is
// there, so that none gets them.
class signals {
 public:
  signals() {
    sigset_t which;
    sigemptyset(&which);
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&which, each);
    pthread_sigmask(SIG_BLOCK, &which, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    from_ = ::signalfd(-1, &which, SFD_CLOEXEC);
    over_ = ::eventfd(0, EFD_CLOEXEC);
  }
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;
  ~signals() {
    ::close(from_);
    ::close(over_);
  }

  /// The next one; 0: `finish` was called.
  int next() const {
    for (;;) {
      std::array<pollfd, 2> of{pollfd{from_, POLLIN, 0}, pollfd{over_, POLLIN, 0}};
      if (::poll(of.data(), of.size(), -1) < 0) continue;
      if (of[1].revents != 0) return 0;
      signalfd_siginfo told{};
      if (::read(from_, &told, sizeof told) == sizeof told) return static_cast<int>(told.ssi_signo);
    }
  }
  void finish() const {
    const std::uint64_t one = 1;
    if (::write(over_, &one, sizeof one) != sizeof one) std::abort();
  }

 private:
  int from_ = -1;
  int over_ = -1;
};

config_reading read(const serve_settings& given) {
  const auto around = serve::process_environment();
  config_reading all;
  if (given.files.size() == 1 && given.files.front().ends_with(".toml"))
    all = serve::read_config(given.files.front(), around);
  else
    all = serve::config_of_files(std::vector<std::filesystem::path>(given.files.begin(), given.files.end()),
                                 around);
  if (!given.listen.empty()) all.settings.server.listen.clear();
  for (const std::string& each : given.listen) {
    auto where = serve::parse_listen_address(each);
    if (where)
      all.settings.server.listen.push_back(*std::move(where));
    else
      all.errors.push_back({{"--listen"}, escape_line(where.error().message())});
  }
  if (!given.journal.empty()) all.settings.journal = given.journal;
  for (auto& each : all.settings.components)
    if (given.cells != 0) each.pool.cells = given.cells;
  if (!all.names_cache)
    all.settings.cache = given.no_cache ? std::filesystem::path() : default_compile_cache();
  return all;
}

void tell(const std::vector<serve::config_remark>& all, const char* kind) {
  for (const auto& each : all) complain(each.place.text() + ": " + kind + each.text);
}

std::string url_of(const serve::listen_address& where, bool tls) {
  if (where.kind == serve::listen_address::family::unix_socket) return where.text;
  return (tls ? "https://" : "http://") + where.text + "/";
}

void tell_start(const serve_settings& given, const serve::server& running, const config_reading& all) {
  const bool tls = all.settings.server.tls.has_value();
  boost::json::array places;
  for (const auto& each : running.addresses()) places.push_back(boost::json::string(url_of(each, tls)));
  if (given.json) {
    boost::json::array names;
    for (const auto& each : all.settings.components) names.push_back(boost::json::string(each.name));
    std::printf("%s\n", json_line(boost::json::object{{"listening", std::move(places)},
                                                      {"components", std::move(names)}})
                            .c_str());
    std::fflush(stdout);
    return;
  }
  for (const auto& each : all.settings.components) complain("serving `" + each.name + "`");
  for (const auto& each : places) complain("listening on " + std::string(each.as_string()));
}

void reload(const serve_settings& given, serve::server& running) {
  serve::notify_manager("RELOADING=1");
  const config_reading next = read(given);
  tell(next.errors, "");
  tell(next.warnings, "warning: ");
  if (!next.sound()) {
    complain("the configuration is as it was");
  } else if (const auto done = running.reload(next.settings); !done) {
    complain("reload: " + escape_line(done.error().message()));
  } else {
    for (const std::string& each : *done) complain("reload: " + escape_line(each));
    complain("reloaded");
  }
  serve::notify_manager("READY=1");
}

exit_code run_serve(const serve_settings& given) {
  const signals heard;
  config_reading all = read(given);
  tell(all.errors, "");
  tell(all.warnings, "warning: ");
  if (!all.sound()) return bad_input;
  const duration grace = all.settings.server.drain_grace;
  auto started = serve::server::start(all.settings, {.load = apart_compiler(all.settings)});
  if (!started) return show(started.error(), false);
  serve::server& running = **started;
  tell_start(given, running, all);
  if (const auto ready = running.wait_ready(no_limit); !ready) complain(escape_line(ready.error().message()));
  serve::notify_manager("READY=1");
  if (!given.json) complain("ready");

  for (;;) {
    const int signal = heard.next();
    if (signal != SIGHUP) break;
    reload(given, running);
  }
  serve::notify_manager("STOPPING=1");
  complain("ending: what was accepted may go on for " + serve::written(grace) +
           "; a second signal cuts it short");
  bool well = false;
  std::thread end([&] {
    well = running.end(grace);
    heard.finish();
  });
  while (heard.next() != 0) running.hurry();
  end.join();
  complain(well ? "ended" : "ended; what took too long was killed");
  return success;
}

}  // namespace

void add_serve(CLI::App& app, action& run) {
  const auto given = std::make_shared<serve_settings>();
  CLI::App* command = app.add_subcommand("serve", "Serve components over HTTP");
  command
      ->add_option("files", given->files,
                   "Components, each called by its file's name; or one configuration, NAME.toml")
      ->required();
  command
      ->add_option("--listen", given->listen,
                   "Where: 127.0.0.1:8080, [::1]:8080, unix:PATH, systemd; repeatable")
      ->allow_extra_args(false);
  command->add_option("--journal", given->journal, "Keep calls with a key in this file, past a crash");
  command->add_option("--cells", given->cells, "Instances of each component");
  command->add_flag("--no-cache", given->no_cache, "Compile anew, keep nothing");
  command->add_flag("--json", given->json, "Print where it listens as one line of JSON");
  command->footer(
      R"(SIGTERM drains and ends, a second one is quick; SIGHUP reads the configuration again, without losing a call.
`holdfast check` tells what is wrong with a configuration, docs/configuration.md what may stand in it.
Exit code 0: ended by a signal; 2: it could not begin.

Examples:
  holdfast serve app.wasm
  holdfast serve holdfast.toml
  holdfast serve hello.wasm orders.wasm --listen 127.0.0.1:9000 --cells 4
  curl -d '["ada"]' -H 'content-type: application/json' http://127.0.0.1:8080/v1/call/hello/greet)");
  command->callback([given, &run] { run = [given] { return run_serve(*given); }; });
}

}  // namespace holdfast::cli
