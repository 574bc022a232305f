// SPDX-License-Identifier: Apache-2.0
#include "wit/remarks.hpp"

#include <holdfast_docs.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "wit/marks.hpp"
#include "wit/nearest.hpp"
#include "wit/owned_docs.hpp"
#include "wit/reader.hpp"

namespace holdfast::wit {

namespace {

error refuse(std::string why) { return {errc::bad_contract, std::move(why)}; }

/// Where a remark is found: what it stands on, and its world, interface and name.
using key = std::tuple<commented, std::string_view, std::string_view, std::string_view>;

/// How well a world fits: exports that the component has too, then those that it lacks.
struct fit {
  std::size_t shared = 0;
  std::size_t missing = 0;
  bool better_than(const fit& other) const {
    return shared != other.shared ? shared > other.shared : missing < other.missing;
  }
};

/// The remarks, read and sorted by what they are about.
class book {
 public:
  result<void> read(const std::vector<remark>& remarks) {
    for (const remark& each : remarks) {
      auto said = read_comment(each.docs);
      if (!said) return refuse(each.place + ": " + said.error().message());
      if (said->marks && (each.on == commented::world || each.on == commented::other)) {
        return refuse(each.place + ": marks stand on functions and interfaces, not on " +
                      (each.on == commented::world ? "a world" : "a package or a type"));
      }
      if (each.on == commented::world && std::ranges::find(worlds_, each.world) == worlds_.end()) {
        worlds_.push_back(each.world);
      }
      if (each.world.empty() && !each.interface.empty()) {
        full_names_[unversioned(each.interface)].emplace(each.interface, true);
      }
      entries_.insert_or_assign(key{each.on, each.world, each.interface, each.name}, *std::move(said));
    }
    return {};
  }

  const std::vector<std::string>& worlds() const noexcept { return worlds_; }

  const comment* find(commented on, std::string_view in_world, std::string_view interface,
                      std::string_view name) const {
    const auto found = entries_.find(key{on, in_world, interface, name});
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// What is said of an interface, or of a function in one: in the world first, then where it is declared.
  const comment* find_inside(commented on, std::string_view in_world, std::string_view interface,
                             std::string_view name) const {
    if (const comment* said = find(on, in_world, interface, name)) return said;
    return interface.empty() ? nullptr : find(on, {}, declared(interface), name);
  }

  /// The exports that a world names, as keys without the world.
  template <class Each>
  void each_export(std::string_view of_world, Each&& each) const {
    for (const auto& [where, said] : entries_) {
      const auto& [on, in_world, interface, name] = where;
      if (in_world == of_world && (on == commented::function || on == commented::exported)) {
        each(on, interface, name, said);
      }
    }
  }

 private:
  // The name under which the WIT has an interface: with another version, where it has but one.
  std::string_view declared(std::string_view interface) const {
    const auto found = full_names_.find(unversioned(interface));
    if (found == full_names_.end() || found->second.contains(interface)) return interface;
    return found->second.size() == 1 ? found->second.begin()->first : interface;
  }

  std::vector<std::string> worlds_;
  std::map<key, comment> entries_;
  std::map<std::string_view, std::map<std::string_view, bool>> full_names_;
};

/// Applies a book to a world.
class describer {
 public:
  describer(world& of, const book& from) : world_(of), book_(from) {}

  result<void> choose(std::string_view wanted) {
    if (!wanted.empty()) return choose_named(wanted);
    std::vector<std::string_view> best;
    fit best_fit;
    for (const std::string& each : book_.worlds()) {
      const fit found = fit_of(each);
      if (found.shared == 0) continue;
      if (best.empty() || found.better_than(best_fit)) {
        best = {each};
        best_fit = found;
      } else if (!best_fit.better_than(found)) {
        best.push_back(each);
      }
    }
    if (best.empty()) return {};
    chosen_ = best.front();
    for (const std::string_view other : best) {
      if (!agree(chosen_, other)) {
        return refuse("the worlds " + listed(best) +
                      " fit the component alike, and differ: name one of them");
      }
    }
    return {};
  }

  std::size_t describe() {
    describe(world_.exports);
    return described_;
  }

 private:
  result<void> choose_named(std::string_view wanted) {
    for (const std::string& each : book_.worlds()) {
      if (wanted == each || wanted == unversioned(each) || wanted == last_segment(unversioned(each))) {
        chosen_ = each;
        return {};
      }
    }
    return refuse("no world `" + shortened(wanted) + "`; there are " +
                  listed({book_.worlds().begin(), book_.worlds().end()}));
  }

  static std::string listed(const std::vector<std::string_view>& names) {
    if (names.empty()) return "none";
    std::string all;
    for (const std::string_view each : names) all += (all.empty() ? "`" : ", `") + shortened(each) + "`";
    return all;
  }

  fit fit_of(std::string_view of_world) const {
    fit found;
    book_.each_export(of_world, [&](commented on, std::string_view interface, std::string_view name, auto&) {
      (has(world_.exports, on, interface, name) ? found.shared : found.missing) += 1;
    });
    return found;
  }

  static bool has(const interface& in, commented on, std::string_view interface, std::string_view name) {
    if (on == commented::function && in.name == interface &&
        std::ranges::find(in.functions, name, &function::name) != in.functions.end()) {
      return true;
    }
    return std::ranges::any_of(in.interfaces, [&](const wit::interface& inner) {
      if (on == commented::exported && unversioned(inner.name) == unversioned(interface)) return true;
      return has(inner, on, interface, name);
    });
  }

  // Whether two worlds say the same of everything that they share.
  bool agree(std::string_view one, std::string_view other) const {
    bool same = true;
    book_.each_export(
        one, [&](commented on, std::string_view interface, std::string_view name, const comment& said) {
          const comment* const there = book_.find(on, other, interface, name);
          same = same && there != nullptr && there->text == said.text && there->marks == said.marks;
        });
    return same;
  }

  void describe(interface& in) {
    std::optional<cancel_contract> shared;
    if (!in.name.empty()) {
      for (const commented on : {commented::interface, commented::exported}) {
        const comment* const said = book_.find_inside(on, chosen_, in.name, {});
        if (said == nullptr) continue;
        if (!said->text.empty()) in.docs = said->text;
        if (said->marks) shared = said->marks;
      }
    }
    for (function& each : in.functions) {
      const comment* const said = book_.find_inside(commented::function, chosen_, in.name, each.name);
      if (said == nullptr) continue;
      ++described_;
      each.docs = said->text;
      each.contract = said->marks.value_or(shared.value_or(cancel_contract()));
    }
    for (interface& inner : in.interfaces) describe(inner);
  }

  world& world_;
  const book& book_;
  std::string_view chosen_;
  std::size_t described_ = 0;
};

bool read_remarks(packed_reader& from, std::vector<remark>& into) {
  std::size_t count = 0;
  constexpr std::size_t least = 1 + 5 * 4;
  if (!from.count(count, least)) return false;
  into.resize(count);
  for (remark& each : into) {
    std::uint8_t on = 0;
    if (!from.word(on) || !from.text(each.world) || !from.text(each.interface) || !from.text(each.name) ||
        !from.text(each.docs) || !from.text(each.place)) {
      return false;
    }
    if (on > static_cast<std::uint8_t>(commented::other)) return from.fail("there is no such remark");
    each.on = static_cast<commented>(on);
  }
  return from.finish();
}

}  // namespace

result<std::size_t> apply_remarks(world& of, const std::vector<remark>& remarks, std::string_view of_world) {
  book read;
  if (auto failed = read.read(remarks); !failed) return failed.error();
  describer with(of, read);
  if (auto failed = with.choose(of_world); !failed) return failed.error();
  return with.describe();
}

result<std::vector<remark>> read_wit(const std::filesystem::path& path) {
  owned_docs packed;
  owned_docs message;
  const std::string name = path.string();
  if (!hfd_read_wit(docs_slice(name), packed.out(), message.out())) {
    return refuse(std::string(message.text()));
  }
  packed_reader from(packed.bytes());
  std::vector<remark> remarks;
  if (!read_remarks(from, remarks)) return error(errc::internal, "malformed remarks: " + from.failure());
  return remarks;
}

result<void> apply_wit(world& of, const std::filesystem::path& path, std::string_view of_world) {
  const auto remarks = read_wit(path);
  if (!remarks) return remarks.error();
  const auto described = apply_remarks(of, *remarks, of_world);
  if (!described) {
    // What is about a place in the WIT has it already.
    const std::string& why = described.error().detail;
    return refuse(why.starts_with("no world") || why.starts_with("the worlds") ? path.string() + ": " + why
                                                                               : why);
  }
  if (*described == 0 && !of.exported_functions().empty()) {
    return refuse(path.string() + ": describes none of the component's exports");
  }
  return {};
}

}  // namespace holdfast::wit
