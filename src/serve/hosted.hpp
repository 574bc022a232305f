// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <holdfast/actors.hpp>
#include <holdfast/component.hpp>
#include <holdfast/pool.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serve/config.hpp"
#include "serve/rate_gate.hpp"

/// One component that is served.
namespace holdfast::serve {

/// An export as callers name it.
struct served_export {
  const wit::function* of = nullptr;
  std::string name;  ///< its full one
  /// How long calls of it took of late, in nanoseconds: a short one may be begun on the caller's thread. A
  /// hint, so relaxed.
  mutable std::atomic<std::uint32_t> pace{0};
};

/// The exports of one version of a component, found by any name that a person would write.
///
/// @par Thread safety  shared objects: safe
class export_table {
 public:
  explicit export_table(component of);
  const component& of() const noexcept { return of_; }
  /// @par Errors  `no_such_export`
  result<const served_export*> find(std::string_view name) const;

 private:
  component of_;
  std::map<std::string, std::unique_ptr<served_export>, std::less<>> by_name_;  // the usual ones
  std::map<const wit::function*, const served_export*> by_function_;
};

/// What is called under one name. Immutable but for its component's exchange.
struct hosted {
  component_settings settings;
  component_kind kind = component_kind::pool;
  std::optional<holdfast::pool> pool{};      ///< of a pool and of a web application
  std::optional<holdfast::actors> actors{};  ///< of actors
  std::shared_ptr<const export_table> exports{};
  std::shared_ptr<rate_gate> gate{};
  std::string version{};  ///< of its file: tells whether a reload has to do anything
};

/// All that is served at one time.
struct catalog {
  std::map<std::string, std::shared_ptr<const hosted>, std::less<>> by_name;

  /// The web application that a path belongs to; null: none.
  std::shared_ptr<const hosted> web_for(std::string_view path) const;

  std::shared_ptr<const hosted> find(std::string_view name) const {
    const auto at = by_name.find(name);
    return at == by_name.end() ? nullptr : at->second;
  }
  /// The same for who holds the catalog: null or there as long as that is.
  const hosted* peek(std::string_view name) const {
    const auto at = by_name.find(name);
    return at == by_name.end() ? nullptr : at->second.get();
  }
};

std::string_view to_string(component_kind kind) noexcept;

/// Figures of actors as all answers have them.
boost::json::object actors_json(const actor_figures& of);

}  // namespace holdfast::serve
