// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/component.hpp>
#include <holdfast/pool_options.hpp>
#include <memory>
#include <optional>

#include "core/guest.hpp"
#include "core/time_source.hpp"
#include "engine/brief_exports.hpp"
#include "engine/function_job.hpp"
#include "engine/handle.hpp"
#include "engine/objects.hpp"

/// A component linked with all it imports: what instances are made from.
namespace holdfast::bridge {

class instance;

/// Makes the guests of one pool.
///
/// @par Thread safety  safe once linked
class blueprint final : public core::guest_maker {
 public:
  /// Links. The clock, which guests ask for the time they have left, outlives the blueprint's instances.
  ///
  /// With `tape_bytes`, which takes a deterministic component, what its guests learn from outside goes
  /// through a tape: `instance` has the rest. A segment that would be longer is given up. Without, there is
  /// none.
  /// @par Errors  `unknown_import` (each is named), `type_mismatch`, `limit`, `bad_arguments`,
  /// `no_such_export`. With a tape also: `bad_arguments` for a component that is not deterministic, for
  /// granted directories and network, and for a defined function whose types have resources, streams or
  /// futures; `unsupported_component` for an import of WASI 0.3
  static result<std::unique_ptr<blueprint>> link(const component& what, const pool_options& options,
                                                 function_runner runner, const core::time_source& clock,
                                                 std::optional<std::size_t> tape_bytes = std::nullopt);

  std::unique_ptr<core::guest> make(boost::intrusive_ptr<core::poller> owner,
                                    const core::home& where) noexcept override;

  /// The same by its own type, for whoever records and plays.
  std::unique_ptr<instance> make_instance(boost::intrusive_ptr<core::poller> owner,
                                          const core::home& where) noexcept;

  /// Whether its guests can have several calls in flight.
  bool shares() const noexcept { return hfb_blueprint_concurrent(handle_.get()); }

  const component& linked() const noexcept { return component_; }
  const hfb_blueprint* raw() const noexcept { return handle_.get(); }

 private:
  blueprint(component what, const core::time_source& clock) : component_(std::move(what)), clock_(clock) {}

  result<void> define(hfb_linker* linker, const imports& offered, const function_runner& runner);

  component component_;
  blueprint_handle handle_;
  const core::time_source& clock_;
  std::shared_ptr<const object_kinds> kinds_;
  std::shared_ptr<const brief_exports> brief_;
  std::size_t most_objects_ = 0;
  bool taped_ = false;
};

}  // namespace holdfast::bridge
