// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <holdfast/engine.hpp>
#include <holdfast/host.hpp>
#include <holdfast/observer.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serve/config.hpp"
#include "serve/guest_lines.hpp"
#include "serve/hosted.hpp"
#include "serve/shared_catalog.hpp"

/// The components that are served, and the host that owns their calls.
namespace holdfast::serve {

/// How a component's file becomes one. Injected: the command compiles in a process apart.
using component_loader =
    std::function<result<component>(const engine&, const component_settings&, const compile_options&)>;
component_loader plain_loader();

/// How a component is compiled.
compile_options compile_options_of(const config& all, const component_settings& one);

/// @par Thread safety  shared objects: safe
class service {
 public:
  /// Loads every component and opens it. What is built then is waited for by `wait_ready`.
  /// @par Errors  those of `engine`, `host`, `component::load`, `host::open` and `host::open_actors`; the
  /// detail begins with the component's name
  static result<std::unique_ptr<service>> make(config what, std::shared_ptr<observer> told,
                                               std::shared_ptr<guest_lines> guests, component_loader load);
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  ~service();

  std::shared_ptr<const catalog> components() const { return catalog_.load(); }
  const host& owner() const noexcept { return *host_; }
  const config& settings() const noexcept { return settings_; }

  /// Whether each pool had an instance, and nothing is draining.
  bool ready() const noexcept { return ready_.load() && !draining_.load(); }
  bool draining() const noexcept { return draining_.load(); }
  /// Waits for the first instance of each pool. An error: one cannot be built.
  result<void> wait_ready(duration limit);

  /// Serves what `next` says: new components are opened, changed ones exchanged while they serve, those that
  /// are gone drained. Where one cannot be loaded, opened or exchanged, everything stays as it was: those
  /// that were exchanged before it are exchanged back, unless
  /// there is no room for that, which the error then says. Answers what it did, a sentence each. Of `next`
  /// only the components are read: the rest needs a new start.
  result<std::vector<std::string>> reload(const config& next);

  /// Drains one component, in a thread of its own; it stays in the catalog, and refuses.
  /// @par Errors  `no_such_export`: there is none of that name
  result<void> drain_component(const std::string& name, duration grace);

  /// `ready` says no from now on; what comes is still served.
  void begin_end() noexcept { draining_.store(true); }
  /// Admits nothing more, waits, kills what outlasts the grace. True: nothing had to be killed.
  bool drain(duration grace);
  /// Kills what a `drain` under way still waits for.
  void hurry();

 private:
  service(config what, engine with, std::shared_ptr<guest_lines> guests, component_loader load);
  result<std::shared_ptr<const hosted>> open(const component_settings& settings);
  result<std::shared_ptr<const hosted>> exchange(const hosted& old, const component_settings& settings,
                                                 const component& next, const std::string& version);
  bool exchange_back(const hosted& now, const hosted& before);
  result<component> load(const component_settings& settings) const;
  pool_options pool_options_of(const component_settings& settings) const;
  result<actor_options> actor_options_of(const component_settings& settings) const;
  void retire(std::function<void()> work);

  config settings_;
  engine engine_;
  const std::shared_ptr<guest_lines> guests_;  // null: nobody reads what they print
  component_loader load_;
  std::optional<host> host_;
  shared_catalog catalog_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> draining_{false};
  std::mutex reloading_;
  std::mutex retiring_mutex_;
  std::vector<std::jthread> retiring_;
};

}  // namespace holdfast::serve
