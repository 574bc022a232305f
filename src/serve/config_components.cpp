// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "serve/ascii.hpp"
#include "serve/config_rooms.hpp"
#include "serve/read_config.hpp"

namespace holdfast::serve {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::size_t longest_name = 64;
constexpr within<duration::rep> any_time{};
constexpr within<duration::rep> some_time{1, std::numeric_limits<duration::rep>::max()};

std::optional<std::string> wrong_authority(const std::string& text) {
  const std::string_view host =
      text.starts_with("*.") ? std::string_view(text).substr(2) : std::string_view(text);
  const bool plain = std::ranges::all_of(host, [](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']';
  });
  if (plain && !host.empty() && host.size() <= 260) return std::nullopt;
  return "`" + text.substr(0, 64) + "` is no host such as example.org, example.org:8080 or *.example.org";
}

// The values in parentheses in instance_limits: 0 stands for them, so a file says nothing to have them.
void read_limits(config_table& of, instance_limits& to) {
  constexpr std::uint64_t page = 64U << 10;
  of.size("memory", to.memory, {page, 1ULL << 40});
  of.number("table_elements", to.table_elements, {1, 1ULL << 32});
  of.size("result_bytes", to.result_bytes, {1, 1ULL << 40});
  of.number("fuel", to.fuel, {1});
  of.number("resources", to.resources, {1});
  of.number("streams", to.streams, {1});
}

void read_rebuild(config_table& of, rebuild_policy& to, bool spares) {
  of.time("base", to.base, {nanoseconds(1us).count(), nanoseconds(1h).count()});
  of.time("max", to.max, {nanoseconds(1us).count(), nanoseconds(24h).count()});
  of.number("give_up_after", to.give_up_after);
  of.time("build_limit", to.build_limit, {nanoseconds(1ms).count(), nanoseconds(24h).count()});
  of.number("at_once", to.at_once, {1, 65'536});
  of.number("retire_calls", to.retire_calls);
  of.size("retire_growth", to.retire_growth);
  if (spares)
    of.number("spares", to.spares, {0, 65'536});
  else
    of.misplaced("is for pools: actors have none", [](config_table& at) {
      unsigned none = 0;
      at.number("spares", none);
    });
  if (to.max < to.base) of.error("max", "`max` is shorter than `base`");
}

void read_retry(config_table& of, retry_policy& to) {
  of.number("attempts", to.attempts, {1, 1000});
  of.time("base", to.base, {nanoseconds(1us).count(), nanoseconds(1h).count()});
  of.time("max", to.max, {nanoseconds(1us).count(), nanoseconds(24h).count()});
  of.real("budget", to.budget, {0, 100});
  of.number("burst", to.burst);
  if (to.max < to.base) of.error("max", "`max` is shorter than `base`");
}

void read_sharing(config_table& of, sharing_policy& to) {
  of.number("calls", to.calls, {1});
  of.number("beside_hasty", to.beside_hasty, {1});
  of.time("hasty", to.hasty);
  of.time("tail", to.tail, any_time, endless::allowed);
}

void read_directory(config_table& of, grants& to) {
  grants::directory one;
  std::filesystem::path host;
  of.path("host", host, expected_file::kind::folder);
  of.text("guest", one.guest);
  bool write = false;
  of.flag("write", write);
  if (!of.has("host")) of.error("a directory needs `host`, the path on this machine");
  if (one.guest.empty()) of.error("guest", "a directory needs `guest`, the path that the guest sees");
  for (const grants::directory& other : to.directories)
    if (!one.guest.empty() && other.guest == one.guest)
      of.error("guest", "there is another directory at `" + one.guest.substr(0, 64) + "`");
  one.host = host.string();
  one.read_only = !write;
  if (to.directories.size() >= 64) return of.error("more than 64 directories");
  to.directories.push_back(std::move(one));
}

void read_grants(config_table& of, grants& to, std::vector<std::string>& http_hosts, pending_checks& later) {
  of.pairs("environment", to.environment);
  of.texts("arguments", to.arguments);
  of.tables("directories", [&](config_table& inner) { read_directory(inner, to); });
  of.flag("network", to.network);
  of.texts("calls", to.calls);
  for (const std::string& name : to.calls) later.called.push_back({of.place("calls"), name});
  of.texts("http_hosts", http_hosts, wrong_authority);
}

// What pools and actors have alike.
template <class Options>
void read_instances(config_table& of, Options& to, component_settings& whole, pending_checks& later,
                    bool spares) {
  constexpr std::size_t most = 1ULL << 40;
  of.number("queue_depth", to.queue_depth, {0, 10'000'000});
  of.size("queue_bytes", to.queue_bytes, {1, most});
  of.size("call_bytes", to.call_bytes, {1, most});
  of.time("stop_grace", to.stop_grace, {0, nanoseconds(1min).count()});
  of.table("limits", [&](config_table& inner) {
    read_limits(inner, to.limits);
    if (to.limits.memory != 0) later.memories.push_back({inner.place("memory"), to.limits.memory});
  });
  of.table("rebuild", [&](config_table& inner) { read_rebuild(inner, to.rebuild, spares); });
  of.table("grants", [&](config_table& inner) { read_grants(inner, to.may_reach, whole.http_hosts, later); });
  if (to.limits.fuel == 0) return;
  if (of.has("metered") && !whole.metered)
    of.error("metered", "`metered` is `false`, but `fuel` of the limits needs it");
  whole.metered = true;
}

void read_pool_keys(config_table& of, pool_options& to) {
  of.number("cells", to.cells, {1, 65'536});
  of.texts("brief", to.brief);
  of.table("retry", [&](config_table& inner) { read_retry(inner, to.retry); });
  of.table("sharing", [&](config_table& inner) { read_sharing(inner, to.sharing); });
}

void read_actor_keys(config_table& of, actor_options& to, component_settings& whole) {
  constexpr std::size_t most = 1ULL << 40;
  of.number("resident", to.resident, {1, 1'000'000});
  of.number("waiting", to.waiting, {0, 10'000'000});
  of.number("snapshot_every", to.snapshot_every);
  of.size("snapshot_bytes", to.snapshot_bytes, {1, most});
  of.size("replay_bytes", to.replay_bytes, {1, most});
  of.size("state_bytes", to.state_bytes, {1, most});
  of.number("timers", to.timers, {0, 1'000'000});
  of.flag("deterministic", whole.deterministic);
  std::vector<std::string> earlier;
  of.texts("earlier", earlier);
  for (const std::string& file : earlier) {
    whole.earlier.push_back((of.source().folder / file).lexically_normal());
    of.source().to.files.push_back(
        {of.place("earlier"), "earlier", whole.earlier.back(), expected_file::kind::file});
  }
}

std::string wrong_name(const std::string& name) {
  return "`" + name.substr(0, longest_name) +
         "` cannot be a component's name: it has letters, digits, `-`, `_` and `.`, at least one and at most "
         "64";
}

}  // namespace

bool is_component_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && text != "." && text != ".." &&
         std::ranges::all_of(text,
                             [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

void read_component(const std::string& name, config_table& of, component_settings& to,
                    pending_checks& later) {
  using enum expected_file::kind;
  to.name = name;
  to.written = of.spelling();
  if (!is_component_name(name)) of.error(wrong_name(name));
  of.path("path", to.path, file);
  if (!of.has("path") && of.source().catalogue == nullptr)
    of.error("component `" + name.substr(0, longest_name) + "` has no `path`");
  const bool is_given = of.has("kind");
  if (const auto kind = of.word("kind", {"pool", "actors", "web"}))
    to.kind = static_cast<component_kind>(*kind);
  of.path("manifest", to.contract.manifest, file);
  std::filesystem::path wit;
  if (of.path("wit", wit, either)) to.contract.wit = std::move(wit);
  of.text("world", to.contract.world);
  if (of.has("world") && !of.has("wit")) of.error("world", "`world` needs `wit`");
  of.flag("metered", to.metered);
  of.time("deadline", to.deadline, some_time);
  of.time("run_limit", to.run_limit, some_time);
  of.table("rate", [&](config_table& inner) { read_rate(inner, to.rate); });

  if (of.source().catalogue != nullptr) {
    read_pool_keys(of, to.pool);
    read_actor_keys(of, to.actors, to);
    return read_instances(of, to.pool, to, later, true);
  }
  if (is_given && !to.kind) {  // it is wrong, so nobody knows which keys are
    read_pool_keys(of, to.pool);
    read_actor_keys(of, to.actors, to);
    read_instances(of, to.pool, to, later, true);
  } else if (to.kind == component_kind::actors) {
    read_actor_keys(of, to.actors, to);
    read_instances(of, to.actors, to, later, false);
    pool_options none;
    of.misplaced("is for pools; this component has `kind = \"actors\"`",
                 [&](config_table& at) { read_pool_keys(at, none); });
  } else {
    read_pool_keys(of, to.pool);
    read_instances(of, to.pool, to, later, true);
    component_settings none;
    of.misplaced("is for actors; this component does not have `kind = \"actors\"`",
                 [&](config_table& at) { read_actor_keys(at, none.actors, none); });
  }
  to.pool.name = name;
  to.actors.name = name;
}

}  // namespace holdfast::serve
