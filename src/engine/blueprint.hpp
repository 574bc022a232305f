// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/component.hpp>
#include <holdfast/pool_options.hpp>
#include <memory>

#include "core/guest.hpp"
#include "core/time_source.hpp"
#include "engine/brief_exports.hpp"
#include "engine/function_job.hpp"
#include "engine/handle.hpp"
#include "engine/objects.hpp"

/// A component linked with all it imports: what instances are made from.
namespace holdfast::bridge {

/// Makes the guests of one pool.
///
/// @par Thread safety  safe once linked
class blueprint final : public core::guest_maker {
 public:
  /// Links. The clock, which guests ask for the time they have left, outlives the blueprint's instances.
  /// @par Errors  `unknown_import` (each is named), `type_mismatch`, `limit`, `bad_arguments`,
  /// `no_such_export`
  static result<std::unique_ptr<blueprint>> link(const component& what, const pool_options& options,
                                                 function_runner runner, const core::time_source& clock);

  std::unique_ptr<core::guest> make(boost::intrusive_ptr<core::poller> owner,
                                    const core::home& where) noexcept override;

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
};

}  // namespace holdfast::bridge
