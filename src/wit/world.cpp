// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/world.hpp>
#include <iterator>

#include "wit/nearest.hpp"
#include "wit/remarks.hpp"

namespace holdfast::wit {

namespace {

// Past these a suggestion is not worth its time: components may export very many.
constexpr std::size_t most_compared = 2000;
constexpr std::size_t most_listed = 8;

void gather(const interface& from, std::vector<const function*>& into) {
  for (const function& f : from.functions) into.push_back(&f);
  for (const interface& inner : from.interfaces) gather(inner, into);
}

std::vector<const function*> in_order(const interface& root) {
  std::vector<const function*> all;
  gather(root, all);
  std::ranges::sort(all, {}, &function::index);
  return all;
}

bool names_interface(std::string_view written, std::string_view full) {
  return written == full || written == unversioned(full) || written == last_segment(full) ||
         written == last_segment(unversioned(full));
}

// `cart.add` of `[method]cart.add`.
std::string_view unmarked(std::string_view name) {
  const std::size_t bracket = name.starts_with('[') ? name.find(']') : std::string_view::npos;
  return bracket == std::string_view::npos ? name : name.substr(bracket + 1);
}

bool names_function(std::string_view written, std::string_view declared) {
  return written == declared || written == unmarked(declared);
}

bool names(std::string_view written, const function& f) {
  const std::size_t hash = written.rfind('#');
  if (hash != std::string_view::npos) {
    return names_interface(written.substr(0, hash), f.interface) &&
           names_function(written.substr(hash + 1), f.name);
  }
  if (names_function(written, f.name)) return true;
  // Versions and methods have dots of their own, so any dot may be the one between interface and function.
  for (std::size_t dot = written.find('.'); dot != std::string_view::npos; dot = written.find('.', dot + 1)) {
    if (names_interface(written.substr(0, dot), f.interface) &&
        names_function(written.substr(dot + 1), f.name)) {
      return true;
    }
  }
  return false;
}

bool is_full_name(std::string_view written, const function& f) {
  if (f.interface.empty()) return written == f.name;
  return written.size() == f.interface.size() + 1 + f.name.size() && written.starts_with(f.interface) &&
         written[f.interface.size()] == '#' && written.ends_with(f.name);
}

// Allocates nothing: programs write full names, and look them up once a call.
const function* find_full_name(const interface& in, std::string_view written) {
  for (const function& f : in.functions) {
    if (is_full_name(written, f)) return &f;
  }
  for (const interface& inner : in.interfaces) {
    if (const function* const f = find_full_name(inner, written)) return f;
  }
  return nullptr;
}

std::size_t distance(std::string_view written, const function& f) {
  std::size_t least = bounded_distance(written, f.qualified_name());
  least = std::min(least, bounded_distance(written, unmarked(f.name)));
  if (!f.interface.empty()) {
    const std::string dotted = std::string(last_segment(unversioned(f.interface))) + "." + f.name;
    least = std::min(least, bounded_distance(written, dotted));
  }
  return least;
}

std::string list_names(const std::vector<const function*>& functions) {
  std::string listed;
  for (std::size_t i = 0; i < functions.size() && i < most_listed; ++i) {
    listed += (i == 0 ? "`" : ", `") + functions[i]->qualified_name() + "`";
  }
  if (functions.size() > most_listed) listed += ", ... (" + std::to_string(functions.size()) + " in all)";
  return listed;
}

error no_such(std::string_view name, const std::vector<const function*>& all) {
  std::string detail = "no export `" + shortened(name) + "`";
  if (all.empty()) return {errc::no_such_export, detail + ": the component exports no functions"};
  const function* nearest = nullptr;
  std::size_t least = 0;
  for (std::size_t i = 0; i < all.size() && i < most_compared; ++i) {
    const std::size_t d = distance(name, *all[i]);
    if (nearest == nullptr || d < least) {
      nearest = all[i];
      least = d;
    }
  }
  return {errc::no_such_export, detail + "; the nearest is `" + nearest->qualified_name() + "`"};
}

}  // namespace

std::string_view to_string(item_kind k) noexcept {
  switch (k) {
    case item_kind::function:
      return "function";
    case item_kind::interface:
      return "interface";
    case item_kind::resource:
      return "resource";
    case item_kind::type:
      return "type";
    case item_kind::core_module:
      return "core module";
    case item_kind::component:
      return "component";
    case item_kind::value:
      return "value";
  }
  return "unknown";
}

std::string function::qualified_name() const { return interface.empty() ? name : interface + "#" + name; }

std::string function::to_string() const {
  std::string out = name + ": " + (is_async ? "async func(" : "func(");
  for (std::size_t i = 0; i < params.size(); ++i) {
    out += (i == 0 ? "" : ", ") + params[i].name + ": " + params[i].type.to_string();
  }
  out += ")";
  if (result) out += " -> " + result->to_string();
  return out;
}

std::vector<const function*> world::exported_functions() const { return in_order(exports); }

std::vector<const function*> world::imported_functions() const { return in_order(imports); }

holdfast::result<const function*> world::find_export(std::string_view name) const {
  // The full name is never ambiguous: a root function's is its bare name.
  if (const function* const f = find_full_name(exports, name)) return f;
  const std::vector<const function*> all = exported_functions();
  std::vector<const function*> matching;
  std::ranges::copy_if(all, std::back_inserter(matching),
                       [name](const function* f) { return names(name, *f); });
  if (matching.size() == 1) return matching.front();
  if (matching.empty()) return no_such(name, all);
  return error(errc::no_such_export, "`" + shortened(name) + "` names several exports: " +
                                         list_names(matching) + "; write one of them out");
}

}  // namespace holdfast::wit
