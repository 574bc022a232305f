// SPDX-License-Identifier: Apache-2.0
//
// An application with plug-ins of strangers: one loops, one traps, and an event still reaches them all.
// plugins FOLDER, such as build/release/guests, with echo.wat, ledger.wasm and orders.wasm in it.

#include <filesystem>
#include <holdfast/holdfast.hpp>
#include <iostream>

namespace hf = holdfast;
using namespace std::chrono_literals;

struct plugin {
  std::string name;
  std::string on_order;  // the export that an event goes to
  std::string handled;   // and the one that says how many it has handled
  hf::pool guests;       // one a plug-in: none waits in the queue of another
};

plugin install(hf::host& host, const hf::component& code, std::string name, std::string on_order,
               std::string handled) {
  hf::pool_options options;
  options.queue_depth = 100;  // events that wait for a slow one; it misses those above
  options.limits.memory = 16U << 20;
  return {std::move(name), std::move(on_order), std::move(handled), host.open(code, options).value()};
}

// What is to be done about one that did not answer depends on one question alone: did it run?
const char* advice(const std::error_code& code) {
  if (code == hf::effect::not_executed) return "it was never entered: send the event again";
  if (code == hf::errc::detached) return "it goes on; nobody waits for it any more";
  return "it ran, perhaps in part: do not send the event again";
}

// [event]
// All of them have the event at once. Each has half a second to answer and one second to run.
void tell_all(const std::vector<plugin>& plugins, std::uint64_t order) {
  std::vector<hf::result<hf::ticket>> told;
  for (const plugin& each : plugins) {
    told.push_back(each.guests.submit(each.on_order, hf::args(order), {.run_limit = 1s}));
  }
  const auto patience = std::chrono::steady_clock::now() + 500ms;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    std::error_code code = told[i] ? std::error_code() : told[i].error().code;
    if (told[i]) code = told[i]->wait(patience - std::chrono::steady_clock::now()).code;
    std::cout << plugins[i].name << ": " << (code ? code.message() : "done") << "\n";
    if (code) std::cout << "  " << advice(code) << "\n";
  }
}
// [/event]

int main(int argc, char** argv) try {
  const hf::engine engine;
  const std::filesystem::path folder = argc > 1 ? argv[1] : "guests";
  const auto load = [&](const char* file) { return hf::component::load(engine, folder / file).value(); };
  hf::host host(engine);
  const hf::component orders = load("orders.wasm");
  const std::vector<plugin> plugins{install(host, load("echo.wat"), "statistics", "place", "count"),
                                    install(host, orders, "mailer", "spin", "count"),
                                    install(host, orders, "search", "trap", "count"),
                                    install(host, load("ledger.wasm"), "accounts", "deposit", "entries")};
  tell_all(plugins, 17);

  // The next call of each is answered. Where the mailer still loops it waits, until that is cut at its limit.
  for (const plugin& each : plugins) {
    const auto handled = each.guests.call<std::uint64_t>(each.handled, {});
    if (!handled) continue;
    std::cout << each.name << " has handled " << *handled << ", generation " << handled.generation << "\n";
  }
} catch (const std::exception& wrong) {
  std::cerr << wrong.what() << "\n";
  return 1;
}
