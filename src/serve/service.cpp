// SPDX-License-Identifier: Apache-2.0
#include "serve/service.hpp"

#include <algorithm>

#include "core/time_source.hpp"

namespace holdfast::serve {
namespace {

constexpr std::chrono::seconds longest_way_back(5);
constexpr std::chrono::milliseconds between_tries(20);

error of_component(const std::string& name, const error& why) {
  return {why.code, "component `" + name + "`: " + why.message()};
}

// What tells whether one of a component's files has been written again.
std::string version_of(const component_settings& of) {
  std::filesystem::path beside = of.path;
  beside.replace_extension(".holdfast.json");
  std::string version;
  for (const std::filesystem::path& file : {of.path, of.contract.manifest, of.contract.wit, beside}) {
    std::error_code failed;
    const auto written = std::filesystem::last_write_time(file, failed);
    if (!failed) version += std::to_string(written.time_since_epoch().count());
    const auto size = std::filesystem::file_size(file, failed);
    if (!failed) version += "/" + std::to_string(size);
    version += ";";
  }
  return version;
}

}  // namespace

compile_options compile_options_of(const config& all, const component_settings& one) {
  compile_options options;
  options.cache = all.cache;
  options.contract = one.contract;
  options.fuel = one.metered ? metering::on : metering::off;
  options.replay = one.deterministic ? determinism::on : determinism::off;
  return options;
}

component_loader plain_loader() {
  return [](const engine& with, const component_settings& of, const compile_options& options) {
    return component::load(with, of.path, options);
  };
}

service::service(config what, engine with, std::shared_ptr<guest_lines> guests, component_loader load)
    : settings_(std::move(what)),
      engine_(std::move(with)),
      guests_(std::move(guests)),
      load_(std::move(load)) {}

service::~service() {
  const std::scoped_lock lock(retiring_mutex_);
  retiring_.clear();
}

result<std::unique_ptr<service>> service::make(config what, std::shared_ptr<observer> told,
                                               std::shared_ptr<guest_lines> guests, component_loader load) {
  auto with = engine::make(what.engine);
  if (!with) return with.error();
  std::unique_ptr<service> made(
      new service(std::move(what), *std::move(with), std::move(guests), std::move(load)));
  host_options options = made->settings_.host;
  options.observe = std::move(told);
  options.drain_grace = made->settings_.server.drain_grace;
  if (!made->settings_.journal.empty()) {
    auto opened = open_journal(made->settings_.journal.string());
    if (!opened) return opened.error();
    options.journal = *std::move(opened);
  }
  try {
    made->host_.emplace(made->engine_, options);
  } catch (const std::system_error& failed) {
    return error(failed.code(), failed.what());
  }
  auto all = std::make_shared<catalog>();
  for (const component_settings& each : made->settings_.components) {
    auto opened = made->open(each);
    if (!opened) return of_component(each.name, opened.error());
    all->by_name.emplace(each.name, *std::move(opened));
  }
  made->catalog_.store(std::move(all));
  return made;
}

result<component> service::load(const component_settings& settings) const {
  return load_(engine_, settings, compile_options_of(settings_, settings));
}

pool_options service::pool_options_of(const component_settings& settings) const {
  pool_options options = settings.pool;
  options.name = settings.name;
  if (guests_) options.output = guests_->output(settings.name);
  options.may_reach.http_hosts = settings.http_hosts;
  return options;
}

result<actor_options> service::actor_options_of(const component_settings& settings) const {
  actor_options options = settings.actors;
  options.name = settings.name;
  if (guests_) options.output = guests_->output(settings.name);
  for (const std::filesystem::path& each : settings.earlier) {
    component_settings before = settings;
    before.path = each;
    auto loaded = load(before);
    if (!loaded) return loaded.error();
    options.earlier.push_back(*std::move(loaded));
  }
  return options;
}

result<std::shared_ptr<const hosted>> service::open(const component_settings& settings) {
  const std::string version = version_of(settings);
  auto loaded = load(settings);
  if (!loaded) return loaded.error();
  auto made = std::make_shared<hosted>();
  made->settings = settings;
  const bool web = loaded->http_handler() != nullptr;
  made->kind = settings.kind.value_or(web ? component_kind::web : component_kind::pool);
  if (made->kind == component_kind::web && !web)
    return error(errc::no_such_export, "it exports no `wasi:http/incoming-handler`, so it is not `web`");
  made->exports = std::make_shared<const export_table>(*loaded);
  made->gate = std::make_shared<rate_gate>(settings.rate);
  made->version = version;
  if (made->kind == component_kind::actors) {
    auto options = actor_options_of(settings);
    if (!options) return options.error();
    auto opened = host_->open_actors(*loaded, *std::move(options));
    if (!opened) return opened.error();
    made->actors = *std::move(opened);
  } else {
    auto opened = host_->open(*loaded, pool_options_of(settings));
    if (!opened) return opened.error();
    made->pool = *std::move(opened);
  }
  return std::shared_ptr<const hosted>(std::move(made));
}

result<void> service::wait_ready(duration limit) {
  const auto all = catalog_.load();
  const time_point until = core::later(std::chrono::steady_clock::now(), limit);
  for (const auto& [name, each] : all->by_name) {
    if (!each->pool) continue;
    const auto ready = each->pool->wait_ready(
        until == time_point::max() ? no_limit : until - std::chrono::steady_clock::now());
    if (!ready) return of_component(name, ready.error());
  }
  ready_.store(true);
  return {};
}

result<std::shared_ptr<const hosted>> service::exchange(const hosted& old, const component_settings& settings,
                                                        const component& next, const std::string& version) {
  auto made = std::make_shared<hosted>();
  made->settings = settings;
  made->kind = old.kind;
  made->pool = old.pool;
  made->actors = old.actors;
  made->exports = std::make_shared<const export_table>(next);
  made->gate = std::make_shared<rate_gate>(settings.rate);
  made->version = version;
  const auto done = old.kind == component_kind::actors
                        ? old.actors->swap(next)
                        : old.pool->swap(next, {.options = pool_options_of(settings)});
  if (!done) return done.error();
  return std::shared_ptr<const hosted>(std::move(made));
}

// The engine may have no room before the instances are gone that it was exchanged from.
bool service::exchange_back(const hosted& now, const hosted& before) {
  const time_point until = std::chrono::steady_clock::now() + longest_way_back;
  for (;;) {
    const auto done = exchange(now, before.settings, before.exports->of(), before.version);
    if (done) return true;
    if (done.error() != errc::no_resources || std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(between_tries);
  }
}

result<std::vector<std::string>> service::reload(const config& next) {
  const std::scoped_lock lock(reloading_);
  if (draining_) return error(errc::draining, "the server is ending");
  const std::string as_it_was = "; everything is as it was";
  const auto now = catalog_.load();

  // First all that may fail without a trace: each file is read and compiled.
  struct plan {
    const component_settings* settings;
    std::shared_ptr<const hosted> old;
    std::optional<component> loaded;
    std::string version;
    bool same = false;  // as it is
  };
  std::vector<plan> plans;
  std::vector<std::string> told;
  for (const component_settings& each : next.components) {
    plan one{&each, now->find(each.name), {}, version_of(each)};
    if (one.old != nullptr && each.kind && *each.kind != one.old->kind)
      return error(errc::bad_arguments, "component `" + each.name + "` was `" +
                                            std::string(to_string(one.old->kind)) +
                                            "`; another kind needs a new start" + as_it_was);
    one.same = one.old != nullptr && one.old->version == one.version &&
               one.old->settings.written == each.written && one.old->settings.path == each.path;
    if (one.old != nullptr && !one.same) {
      auto loaded = load(each);
      if (!loaded)
        return error(loaded.error().code, of_component(each.name, loaded.error()).detail + as_it_was);
      one.loaded = *std::move(loaded);
    }
    plans.push_back(std::move(one));
  }

  auto all = std::make_shared<catalog>();
  std::vector<std::shared_ptr<const hosted>> opened;
  std::vector<const plan*> exchanged;
  const auto give_up = [&](const std::string& name, const error& why) {
    auto as_before = std::make_shared<catalog>(*now);
    std::string stayed;
    for (const plan* each : exchanged) {
      const std::string& which = each->settings->name;
      if (exchange_back(*all->find(which), *each->old)) continue;
      as_before->by_name[which] = all->by_name[which];
      stayed += "; `" + which + "` was exchanged before, and could not be exchanged back";
    }
    catalog_.store(std::move(as_before));
    for (const auto& each : opened)
      retire([each] {
        if (each->pool) each->pool->drain(duration::zero());
        if (each->actors) each->actors->drain(duration::zero());
      });
    return error(why.code, of_component(name, why).detail + (stayed.empty() ? as_it_was : stayed));
  };
  for (const plan& each : plans) {
    if (each.old != nullptr) continue;
    auto made = open(*each.settings);
    if (!made) return give_up(each.settings->name, made.error());
    opened.push_back(*made);
    all->by_name.emplace(each.settings->name, *std::move(made));
    told.push_back("component `" + each.settings->name + "` was opened");
  }
  for (const plan& each : plans) {
    if (each.old == nullptr) continue;
    if (each.same) {
      all->by_name.emplace(each.settings->name, each.old);
      continue;
    }
    auto made = exchange(*each.old, *each.settings, *each.loaded, each.version);
    if (!made) return give_up(each.settings->name, made.error());
    exchanged.push_back(&each);
    told.push_back("component `" + each.settings->name + "` was exchanged");
    all->by_name.emplace(each.settings->name, *std::move(made));
  }
  for (const auto& [name, each] : now->by_name) {
    if (all->by_name.contains(name)) continue;
    told.push_back("component `" + name + "` is drained");
    retire([each = each, grace = settings_.server.drain_grace] {
      if (each->pool) each->pool->drain(grace);
      if (each->actors) each->actors->drain(grace);
    });
  }
  catalog_.store(std::move(all));
  return told;
}

void service::retire(std::function<void()> work) {
  const std::scoped_lock lock(retiring_mutex_);
  retiring_.emplace_back(std::move(work));
}

result<void> service::drain_component(const std::string& name, duration grace) {
  const auto which = catalog_.load()->find(name);
  if (which == nullptr) return error(errc::no_such_export, "there is no component `" + name + "`");
  retire([which, grace] {
    if (which->pool) which->pool->drain(grace);
    if (which->actors) which->actors->drain(grace);
  });
  return {};
}

bool service::drain(duration grace) {
  begin_end();
  const time_point began = std::chrono::steady_clock::now();
  host_->drain(grace);
  return std::chrono::steady_clock::now() - began < grace;
}

void service::hurry() {
  for (const auto& [name, each] : catalog_.load()->by_name) {
    if (each->pool) each->pool->drain(duration::zero());
    if (each->actors) each->actors->drain(duration::zero());
  }
}

}  // namespace holdfast::serve
