// SPDX-License-Identifier: Apache-2.0
#include "serve/config_table.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "serve/read_config.hpp"
#include "serve/units.hpp"
#include "wit/nearest.hpp"
#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

// A file of nothing but mistakes is told of in so many.
constexpr std::size_t most_remarks = 200;

// Stands for a table that is not there.
const toml::table no_table;

void add(std::vector<config_remark>& to, const config_place& at, std::string_view text,
         const std::string& name) {
  if (to.size() < most_remarks)
    to.push_back({at, wit::escape_line(text)});
  else if (to.size() == most_remarks)
    to.push_back({{name}, "there is more that is wrong than this list has"});
}

std::string ticked(std::string_view name) { return "`" + wit::shortened(name) + "`"; }

std::string found_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return "the text " + ticked(text->get());
  if (const auto* number = node.as_integer()) return "the number " + std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "`true`" : "`false`";
  if (node.is_floating_point()) return "a number with a fraction";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or a time";
}

// `from 1 to 64`, where there is an end that anybody could reach.
std::string range_text(const std::string& least, const std::string& most, bool bounded) {
  return bounded ? "it has to be from " + least + " to " + most : "it has to be at least " + least;
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> all;
  while (true) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) all.emplace_back(part);
    if (end == text.size()) return all;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string config_place::text() const {
  return line == 0 ? source : source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void config_source::error(const config_place& at, std::string_view text) const {
  add(to.errors, at, text, name);
}

bool config_source::is_full() const noexcept { return to.errors.size() > most_remarks; }

void config_source::warning(const config_place& at, std::string_view text) const {
  add(to.warnings, at, text, name);
}

config_table::config_table(config_source& of, const toml::table& at, config_path path, std::string title)
    : source_(of), at_(at), path_(std::move(path)), title_(std::move(title)) {}

config_path config_table::path_of(std::string_view key) const {
  config_path path = path_;
  path.emplace_back(key);
  return path;
}

std::string config_table::title_of(std::string_view key) const {
  return title_.empty() ? std::string(key) : title_ + "." + std::string(key);
}

const config_overrides::entry* config_table::overridden(std::string_view key) const {
  return source_.overrides.find(path_of(key));
}

config_place config_table::place_of(const config_path& path, const toml::source_region& at) const {
  const auto* variable = source_.overrides.above(path);
  // A table that only the environment speaks of stands nowhere in the file.
  if (variable == nullptr && at.begin.line == 0) variable = source_.overrides.below(path);
  if (variable != nullptr) return {wit::escape_line(wit::shortened(variable->variable))};
  return {source_.name, at.begin.line, at.begin.column};
}

namespace {

void write(const toml::node& what, std::string& to) {
  if (const auto* const table = what.as_table()) {
    to += '{';
    for (const auto& [key, value] : *table) {
      to += std::to_string(key.str().size()) + ":" + std::string(key.str()) + "=";
      write(value, to);
    }
    to += '}';
  } else if (const auto* const list = what.as_array()) {
    to += '[';
    for (const auto& each : *list) {
      write(each, to);
      to += ',';
    }
    to += ']';
  } else if (const auto text = what.value_exact<std::string>()) {
    to += std::to_string(text->size()) + ":" + *text;
  } else if (const auto number = what.value_exact<std::int64_t>()) {
    to += std::to_string(*number);
  } else if (const auto real = what.value_exact<double>()) {
    to += 'r' + std::to_string(std::bit_cast<std::uint64_t>(*real));
  } else if (const auto flag = what.value_exact<bool>()) {
    to += *flag ? "true" : "false";
  } else {
    to += "a time";  // no setting is one
  }
}

}  // namespace

std::string config_table::spelling() const {
  std::string text;
  write(at_, text);
  return text;
}

config_place config_table::place() const { return place_of(path_, at_.source()); }

config_place config_table::place(std::string_view key) const {
  const auto found = at_.find(key);
  if (found == at_.end()) return place();
  const toml::source_region& at = found->first.source();
  return place_of(path_of(key), at.begin.line != 0 ? at : found->second.source());
}

const toml::node* config_table::ask(std::string_view key, std::string_view usual) {
  asked_.emplace_back(key);
  if (source_.catalogue != nullptr && misplaced_.empty()) source_.catalogue->emplace(title_of(key), usual);
  const auto found = at_.find(key);
  if (found == at_.end()) return nullptr;
  if (misplaced_.empty()) return &found->second;
  error(key, ticked(key) + " " + misplaced_);
  return nullptr;
}

void config_table::wants(std::string_view key, std::string_view what, const toml::node& found) const {
  error(key, ticked(key) + " wants " + std::string(what) + ", found " + found_text(found));
}

std::optional<std::string> config_table::text_of(std::string_view key, const toml::node& node) const {
  if (const auto* text = node.as_string()) return text->get();
  // A variable's value is text where text is wanted, whatever else it could be.
  if (const auto* variable = overridden(key)) return variable->text;
  return std::nullopt;
}

bool config_table::text(std::string_view key, std::string& to) {
  const toml::node* node = ask(key, to.empty() ? "" : "\"" + to + "\"");
  if (node == nullptr) return false;
  auto text = text_of(key, *node);
  if (!text) return wants(key, "a text", *node), false;
  if (text->find('\0') != std::string::npos)
    return error(key, ticked(key) + " has a NUL character in it"), false;
  to = *std::move(text);
  return true;
}

bool config_table::flag(std::string_view key, bool& to) {
  const toml::node* node = ask(key, to ? "true" : "false");
  if (node == nullptr) return false;
  const auto* flag = node->as_boolean();
  if (flag == nullptr) return wants(key, "`true` or `false`", *node), false;
  to = flag->get();
  return true;
}

bool config_table::real(std::string_view key, double& to, within<double> range) {
  std::string usual = std::to_string(to);
  while (usual.ends_with('0') && !usual.ends_with(".0")) usual.pop_back();
  const toml::node* node = ask(key, usual);
  if (node == nullptr) return false;
  double found = 0;
  if (const auto* real = node->as_floating_point())
    found = real->get();
  else if (const auto* whole = node->as_integer())
    found = static_cast<double>(whole->get());
  else
    return wants(key, "a number", *node), false;
  if (!(found >= range.least && found <= range.most)) {
    const auto plain = [](double number) { return std::to_string(static_cast<long long>(number)); };
    error(key, ticked(key) + " is out of range; " +
                   range_text(plain(range.least), plain(range.most), range.most < 1e18));
    return false;
  }
  to = found;
  return true;
}

bool config_table::whole_number(std::string_view key, std::uint64_t& to, std::uint64_t least,
                                std::uint64_t most, unit in) {
  const auto as_written = [in](std::uint64_t number) {
    return in == unit::bytes ? written_size(number) : std::to_string(number);
  };
  const toml::node* node =
      ask(key,
          in == unit::bytes && to != 0 && to % 1024 == 0 ? "\"" + as_written(to) + "\"" : std::to_string(to));
  if (node == nullptr) return false;
  std::uint64_t found = 0;
  bool fits = true;
  if (const auto* number = node->as_integer()) {
    fits = number->get() >= 0;
    found = static_cast<std::uint64_t>(number->get());
  } else if (in == unit::bytes) {
    const auto text = text_of(key, *node);
    if (!text) return wants(key, "a size such as `\"64MiB\"`", *node), false;
    const auto size = parse_size(*text);
    if (!size) return error(key, ticked(key) + ": " + size.error().message()), false;
    found = *size;
  } else {
    return wants(key, "a whole number", *node), false;
  }
  if (!fits || found < least || found > most) {
    const auto* number = node->as_integer();
    error(key, ticked(key) + " is " +
                   (number != nullptr ? std::to_string(number->get()) : as_written(found)) + "; " +
                   range_text(as_written(least), as_written(most),
                              most < std::uint64_t{std::numeric_limits<std::int64_t>::max()}));
    return false;
  }
  to = found;
  return true;
}

bool config_table::time_between(std::string_view key, const toml::node& node, duration& to,
                                within<duration::rep> nanoseconds, endless none) {
  const auto text = text_of(key, node);
  if (!text) return wants(key, "a duration such as `\"500ms\"`", node), false;
  const auto found = parse_duration(*text);
  if (!found) return error(key, ticked(key) + ": " + found.error().message()), false;
  if (*found == no_limit ? none == endless::refused
                         : found->count() < nanoseconds.least || found->count() > nanoseconds.most) {
    error(key, ticked(key) + " is " + written(*found) + "; " +
                   range_text(written(duration(nanoseconds.least)), written(duration(nanoseconds.most)),
                              nanoseconds.most != no_limit.count()) +
                   (*found == no_limit ? ", and is never without a limit" : ""));
    return false;
  }
  to = *found;
  return true;
}

bool config_table::time(std::string_view key, duration& to, within<duration::rep> nanoseconds, endless none) {
  const toml::node* node = ask(key, "\"" + written(to) + "\"");
  return node != nullptr && time_between(key, *node, to, nanoseconds, none);
}

bool config_table::time(std::string_view key, std::optional<duration>& to,
                        within<duration::rep> nanoseconds) {
  const toml::node* node = ask(key, to ? "\"" + written(*to) + "\"" : "");
  duration found{};
  if (node == nullptr || !time_between(key, *node, found, nanoseconds, endless::allowed)) return false;
  to = found;
  return true;
}

bool config_table::path(std::string_view key, std::filesystem::path& to, expected_file::kind what) {
  std::string written;
  if (!text(key, written)) return false;
  if (written.empty()) return error(key, ticked(key) + " is empty; it wants a path"), false;
  to = (source_.folder / written).lexically_normal();
  source_.to.files.push_back({place(key), std::string(key), to, what});
  return true;
}

std::optional<std::size_t> config_table::word(std::string_view key,
                                              const std::vector<std::string_view>& words,
                                              std::string_view usual) {
  std::string found(usual);
  if (!text(key, found)) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == found) return i;
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i)
    all += std::string(i == 0                  ? ""
                       : i + 1 == words.size() ? " or "
                                               : ", ") +
           "`" + std::string(words[i]) + "`";
  error(key, ticked(key) + " is " + ticked(found) + "; it has to be " + all);
  return std::nullopt;
}

bool config_table::texts(std::string_view key, std::vector<std::string>& to,
                         const std::function<std::optional<std::string>(const std::string&)>& each) {
  const toml::node* node = ask(key, "[]");
  if (node == nullptr) return false;
  std::vector<std::string> found;
  bool sound = true;
  const auto take = [&](const config_place& at, std::string one) {
    auto wrong = one.find('\0') == std::string::npos ? std::optional<std::string>()
                                                     : ticked(key) + " has a NUL character in it";
    if (!wrong && each) wrong = each(one);
    if (wrong) {
      source_.error(at, *wrong);
      sound = false;
    } else {
      found.push_back(std::move(one));
    }
  };
  if (const auto* list = node->as_array()) {
    for (const toml::node& item : *list) {
      const auto at = place_of(path_of(key), item.source());
      if (const auto* text = item.as_string()) {
        take(at, text->get());
      } else {
        source_.error(at, ticked(key) + " wants a list of texts, found " + found_text(item) + " in it");
        sound = false;
      }
    }
  } else if (const auto* variable = overridden(key)) {
    for (std::string& one : split_at_commas(node->is_string() ? node->as_string()->get() : variable->text))
      take(place(key), std::move(one));
  } else {
    return wants(key, "a list of texts", *node), false;
  }
  if (sound) to = std::move(found);
  return sound;
}

bool config_table::table(std::string_view key, const reader& read) {
  asked_.emplace_back(key);
  const auto found = at_.find(key);
  const toml::table* inner = &no_table;
  if (found != at_.end()) {
    if (!misplaced_.empty()) return error(key, ticked(key) + " " + misplaced_), false;
    inner = found->second.as_table();
    if (inner == nullptr) return wants(key, "a table", found->second), false;
  }
  if (!misplaced_.empty()) return false;
  config_table of(source_, *inner, path_of(key), title_of(key));
  read(of);
  of.end();
  return inner != &no_table;
}

void config_table::tables(std::string_view key, const reader& read) {
  asked_.emplace_back(key);
  if (source_.catalogue != nullptr) {
    config_table of(source_, no_table, path_of(key), title_of(key));
    return read(of);
  }
  const auto found = at_.find(key);
  if (found == at_.end()) return;
  const auto* list = found->second.as_array();
  if (list == nullptr) return wants(key, "a list of tables", found->second);
  for (const toml::node& item : *list) {
    const auto* inner = item.as_table();
    if (inner == nullptr) {
      wants(key, "a list of tables", item);
      continue;
    }
    config_table of(source_, *inner, path_of(key), title_of(key));
    read(of);
    of.end();
  }
}

void config_table::named(std::string_view key,
                         const std::function<void(const std::string&, config_table&)>& read) {
  asked_.emplace_back(key);
  if (source_.catalogue != nullptr) {
    config_table of(source_, no_table, path_of(key), title_of(key) + ".NAME");
    return read("NAME", of);
  }
  const auto found = at_.find(key);
  if (found == at_.end()) return;
  const auto* all = found->second.as_table();
  if (all == nullptr) return wants(key, "a table", found->second);
  const config_table outer(source_, *all, path_of(key), title_of(key));
  for (const auto& [name, node] : *all) {
    const auto* inner = node.as_table();
    if (inner == nullptr) {
      outer.wants(name.str(), "a table", node);
      continue;
    }
    config_path path = path_of(key);
    path.emplace_back(name.str());
    config_table of(source_, *inner, std::move(path), title_of(key) + ".NAME");
    read(std::string(name.str()), of);
    of.end();
  }
}

void config_table::pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& to) {
  const toml::node* node = ask(key, "{}");
  if (node == nullptr) return;
  const auto* all = node->as_table();
  if (all == nullptr) return wants(key, "a table of texts", *node);
  const config_table of(source_, *all, path_of(key), title_of(key));
  for (const auto& [name, value] : *all) {
    const auto text = of.text_of(name.str(), value);
    if (!text)
      of.wants(name.str(), "a text", value);
    else if (name.str().empty() || name.str().find_first_of(std::string_view("=\0", 2)) != name.str().npos)
      of.error(name.str(), ticked(name.str()) + " is no name of a variable");
    else if (text->find('\0') != std::string::npos)
      of.error(name.str(), ticked(name.str()) + " has a NUL character in it");
    else
      to.emplace_back(name.str(), *text);
  }
}

void config_table::misplaced(std::string_view why, const reader& read) {
  misplaced_ = why;
  read(*this);
  misplaced_.clear();
}

void config_table::end() {
  for (const auto& [key, node] : at_) {
    const std::string_view name = key.str();
    if (source_.is_full()) return;
    if (std::ranges::find(asked_, name) != asked_.end() || asked_.empty()) continue;
    const auto near = std::ranges::min_element(
        asked_, {}, [&](const std::string& known) { return wit::bounded_distance(name, known); });
    std::string text = "unknown key " + ticked(name);
    if (wit::bounded_distance(name, *near) <= std::max<std::size_t>(2, name.size() / 3)) {
      error(name, text + ": did you mean `" + *near + "`?");
      continue;
    }
    // One of another table that stands at the wrong place, such as below a header that came too early.
    static const auto all = known_keys();
    const std::string root = title_.substr(0, title_.find('.'));
    const auto elsewhere = std::ranges::find_if(all, [&](const auto& known) {
      const std::size_t dot = known.first.rfind('.');
      return dot != std::string::npos && known.first.substr(dot + 1) == name &&
             (root.empty() || known.first.starts_with(root + "."));
    });
    if (elsewhere != all.end()) {
      error(name, text + " here: it belongs in `[" + elsewhere->first.substr(0, elsewhere->first.rfind('.')) +
                      "]`");
      continue;
    }
    error(name, text + "; the nearest is `" + *near + "`");
  }
}

}  // namespace holdfast::serve
