// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <holdfast/pool_options.hpp>
#include <memory>
#include <vector>

#include "core/cell.hpp"
#include "core/mailbox.hpp"
#include "core/spares.hpp"
#include "engine/blueprint.hpp"
#include "host/host_impl.hpp"
#include "host/keyed_export.hpp"
#include "host/readiness.hpp"

/// One version of a pool's component, with the queue and the cells that serve it.
///
/// A pool has one that takes new calls. An exchanged one takes none and lives until its last call has its
/// outcome.
namespace holdfast::detail {

/// Instances taken from the engine's budget, given back at the end, or before.
class reservation {
 public:
  /// @par Errors  `no_resources`
  static result<reservation> make(const engine& from, std::uint32_t count);
  reservation(reservation&& other) noexcept;
  reservation& operator=(reservation&&) = delete;
  ~reservation() { give_back(); }

  /// They are free for others from now on.
  void give_back() noexcept;

 private:
  reservation(engine from, std::uint32_t count) noexcept : from_(std::move(from)), count_(count) {}
  engine from_;
  std::uint32_t count_;
};

class edition {
 public:
  /// Links the component and reserves its instances. Nothing is built before `open`.
  ///
  /// @par Errors  `unknown_import`, `type_mismatch`, `limit`, `no_resources`, `bad_arguments`,
  /// `no_such_export`
  static result<std::shared_ptr<edition>> make(host::impl& owner, const component& what,
                                               const pool_options& options);
  edition(const edition&) = delete;
  edition& operator=(const edition&) = delete;

  /// Begins to build the instances. Once.
  void open() noexcept;

  /// Hands a call over to an idle cell, if this thread finds one (`core::cell::hand_over`).
  core::handed hand_over(core::newcomer& next) noexcept;

  /// Admits nothing more; the cells end when the queue is empty. No admission may be under way.
  void begin_drain() noexcept;
  /// Kills what runs, refuses what waits.
  void cut() noexcept;
  /// Its cells have ended, whoever still has a pool of it.
  void give_back_instances() noexcept { instances_.give_back(); }

  /// Whether new calls go elsewhere. Set before `begin_drain`, so that whoever is about to admit looks again.
  std::atomic<bool> superseded{false};
  /// Admissions under way.
  std::atomic<std::uint32_t> admitting{0};

  const component what;
  readiness ready;
  const core::environment world;  // the cells'
  std::unique_ptr<bridge::blueprint> blueprint;
  boost::intrusive_ptr<core::mailbox> box;
  boost::intrusive_ptr<core::spares> spares;  // null: none are kept
  std::vector<boost::intrusive_ptr<core::cell>> cells;
  keyed_exports exports;

 private:
  edition(host::impl& owner, const component& what, const pool_options& options,
          std::unique_ptr<bridge::blueprint> linked, reservation instances);
  reservation instances_;
};

}  // namespace holdfast::detail
