// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <holdfast/pool_options.hpp>
#include <memory>
#include <optional>
#include <string_view>
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

  /// Checks what it needs of the engine, and links it; with a tape where it has a limit
  /// (`bridge::blueprint::link`).
  /// @par Errors  those of `make`, but for instances
  static result<std::unique_ptr<bridge::blueprint>> link(
      host::impl& owner, const component& what, const pool_options& options,
      std::optional<std::size_t> tape_bytes = std::nullopt);

  /// One actor's residence: a cell whose guests `home` makes. Its instance is somebody else's to reserve.
  /// `told_of_end` is called when the instance is gone for good.
  static std::shared_ptr<edition> of_actor(host::impl& owner, const component& what,
                                           const core::mailbox_limits& limits, const rebuild_policy& rebuild,
                                           std::string_view group, std::string_view actor,
                                           std::unique_ptr<core::guest_maker> home,
                                           std::function<void(edition&)> told_of_end);
  /// One that refuses whatever comes.
  static std::shared_ptr<edition> refusing(host::impl& owner, const component& what, error why);
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
  void give_back_instances() noexcept {
    if (instances_) instances_->give_back();
  }

  /// Whether new calls go elsewhere. Set before `begin_drain`, so that whoever is about to admit looks again.
  std::atomic<bool> superseded{false};
  /// Admissions under way.
  std::atomic<std::uint32_t> admitting{0};
  /// Of an actor: the turn of its group in which it was called last.
  std::atomic<std::uint64_t> used{0};
  /// Whether its cells are or were there.
  std::atomic<bool> opened{false};
  /// Calls without a key wait for their records too.
  bool durable = false;
  /// What is written down of calls has their arguments: they lie in line.
  bool in_line = false;
  /// Why it takes none.
  std::optional<error> refuses{};

  const component what;
  readiness ready;
  const core::environment world;  // the cells'
  const std::unique_ptr<core::guest_maker> maker;
  boost::intrusive_ptr<core::mailbox> box;
  boost::intrusive_ptr<core::spares> spares;  // null: none are kept
  std::vector<boost::intrusive_ptr<core::cell>> cells;
  keyed_exports exports;

 private:
  edition(host::impl& owner, const component& what, std::unique_ptr<core::guest_maker> makes,
          std::size_t cell_count, const core::mailbox_limits& limits, const retry_policy& retry,
          std::optional<reservation> instances, std::string_view name, std::string_view actor,
          std::function<void(edition&)> told_of_end);
  void add_cells(host::impl& owner, std::uint32_t count, const rebuild_policy& rebuild,
                 const sharing_policy& sharing);
  std::optional<reservation> instances_;
};

}  // namespace holdfast::detail
