// SPDX-License-Identifier: Apache-2.0
#include "serve/config_overrides.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "serve/ascii.hpp"
#include "serve/toml_depth.hpp"
#include "wit/nearest.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

constexpr std::string_view prefix = "HOLDFAST_";
constexpr std::string_view between = "__";
constexpr std::size_t deepest = 8;

// A name as a variable can have it.
std::string folded(std::string_view name) {
  std::string all = ascii::lowered(name);
  for (char& c : all)
    if (c == '-' || c == '.') c = '_';
  return all;
}

// The names that a variable stands for. None: it is no setting.
std::vector<std::string_view> levels_of(std::string_view variable) {
  if (!variable.starts_with(prefix) || variable.find(between) == std::string_view::npos) return {};
  std::string_view rest = variable.substr(prefix.size());
  if (rest.starts_with('_')) rest.remove_prefix(1);
  std::vector<std::string_view> all;
  while (true) {
    const std::size_t end = rest.find(between);
    all.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) return all;
    rest.remove_prefix(end + between.size());
  }
}

// A value of TOML where it is one, else text.
void put(toml::table& into, const std::string& key, const std::string& text) {
  if (text.size() <= largest_value && !nests_too_deep(text)) {
    if (auto parsed = toml::parse("value = " + text); parsed) {
      toml::table whole = std::move(parsed).table();
      // More than the one key: a line break in the value began another.
      if (whole.size() == 1) {
        into.insert_or_assign(key, std::move(*whole.get("value")));
        return;
      }
    }
  }
  into.insert_or_assign(key, text);
}

// What the file calls it; what only the environment has is in small letters, but for the names of a guest's
// own variables.
std::string key_in(const toml::table& table, std::string_view level, const config_path& path) {
  if (!path.empty() && path.back() == "environment") return std::string(level);
  for (const auto& [key, node] : table)
    if (folded(key.str()) == folded(level)) return std::string(key.str());
  return folded(level);
}

}  // namespace

void config_overrides::apply(const environment_variables& environment, toml::table& file,
                             config_reading& to) {
  std::vector<std::pair<std::vector<std::string_view>, const environment_variables::value_type*>> sorted;
  for (const auto& each : environment)
    if (auto levels = levels_of(each.first); !levels.empty()) sorted.emplace_back(std::move(levels), &each);
  // One for a whole table comes before those for its keys.
  std::ranges::sort(sorted, {},
                    [](const auto& each) { return std::tuple(each.first.size(), each.first, each.second); });
  for (const auto& [levels, set] : sorted) {
    const auto& [variable, text] = *set;
    const auto refuse = [&, name = variable](const std::string& why) {
      to.errors.push_back({{wit::escape_line(wit::shortened(name))}, wit::escape_line(why)});
    };
    if (levels.size() > deepest || std::ranges::find(levels, std::string_view()) != levels.end()) {
      refuse("no setting has such a name; a name is that of its tables and its key, with `__` between");
      continue;
    }
    toml::table* at = &file;
    config_path path;
    for (const std::string_view level : std::span(levels).first(levels.size() - 1)) {
      path.push_back(key_in(*at, level, path));
      const auto inner = at->insert(path.back(), toml::table{}).first;
      at = inner->second.as_table();
      if (at == nullptr) break;
    }
    if (at == nullptr) {
      refuse("`" + path.back() + "` is no table, so nothing in it can be set");
      continue;
    }
    path.push_back(key_in(*at, levels.back(), path));
    put(*at, path.back(), text);
    entries_[path] = {variable, text};
  }
}

const config_overrides::entry* config_overrides::find(const config_path& path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

const config_overrides::entry* config_overrides::above(config_path path) const {
  if (entries_.empty()) return nullptr;
  for (; !path.empty(); path.pop_back())
    if (const entry* found = find(path)) return found;
  return nullptr;
}

const config_overrides::entry* config_overrides::below(const config_path& path) const {
  const auto found = entries_.lower_bound(path);
  const bool inside = found != entries_.end() && found->first.size() >= path.size() &&
                      std::equal(path.begin(), path.end(), found->first.begin());
  return inside ? &found->second : nullptr;
}

}  // namespace holdfast::serve
