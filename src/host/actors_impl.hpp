// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <holdfast/actor_options.hpp>
#include <holdfast/actors.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/actor_home.hpp"
#include "host/deferred.hpp"
#include "host/host_impl.hpp"
#include "host/pool_impl.hpp"

/// What `actors` holds: which actors are known, which of them are resident, and who waits for a place.
///
/// A residence is an edition of its actor: a queue and one cell. To give one up is to take no more calls into
/// it; it serves what it has, gives its state, and ends. Calls that come meanwhile wait in the next one,
/// which begins when it has ended and there is a place.
namespace holdfast::detail {

/// One actor, whether it is resident or not.
class actor_impl final : public pool::impl {
 public:
  actor_impl(std::shared_ptr<actors::impl> group, std::string key);
  ~actor_impl() override;

  holdfast::component component() const override;

  const std::shared_ptr<actors::impl> group;
  const std::string key;
  const core::key_print print;

 private:
  friend struct holdfast::actors::impl;
  std::shared_ptr<edition> awaken() override;

  // Guarded by the group's lock.
  bool leaves_ = false;       // the residence before `current` has not ended
  bool leaves_idle_ = false;  // ... and has no call left
  std::multimap<std::uint64_t, std::shared_ptr<actor_impl>>::iterator place_{};
};

}  // namespace holdfast::detail

namespace holdfast {

struct actors::impl : std::enable_shared_from_this<impl> {
  static result<std::shared_ptr<impl>> make(std::shared_ptr<host::impl> owner,
                                            const holdfast::component& what, actor_options options);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  /// @par Errors  `bad_arguments`
  result<std::shared_ptr<detail::actor_impl>> at(std::string_view key);
  result<void> swap(const holdfast::component& next);
  holdfast::component component() const;
  actor_figures figures() const;

  /// The edition for a call, whether there is a place for it now or later. `pressing`: it is not to be
  /// refused because others wait.
  std::shared_ptr<detail::edition> awaken(detail::actor_impl& which, bool pressing = false);

  /// From now on its timers are called.
  void begin_timers();

  /// As `mailbox::find`, of every actor that has an instance or waits for one.
  boost::intrusive_ptr<core::call> find(const call_id& which);

  void begin_drain() noexcept;
  void finish_drain(time_point until) noexcept;

  const std::shared_ptr<host::impl> owner;
  const actor_options options;
  const core::mailbox_limits limits;
  const std::string scope;              // of the keys of its calls, and of its states
  std::atomic<std::uint64_t> turns{0};  // counted up when an actor gets a place

 private:
  friend class detail::actor_impl;
  using actor_ptr = std::shared_ptr<detail::actor_impl>;
  using edition_ptr = std::shared_ptr<detail::edition>;
  // Let go after the lock: their ends take it.
  struct leftovers {
    std::vector<actor_ptr> actors{};
    std::vector<edition_ptr> editions{};
  };

  impl(std::shared_ptr<host::impl> by, actor_options with, std::string scope,
       std::shared_ptr<const detail::actor_make> first, detail::reservation instances);

  static result<std::shared_ptr<const detail::actor_make>> link(host::impl& owner, const actor_options& how,
                                                                const std::string& scope,
                                                                const holdfast::component& what);

  // Under the lock.
  edition_ptr reside(detail::actor_impl& which);
  bool may_wait(const detail::actor_impl& which) const noexcept;
  std::size_t leaving() const noexcept;
  void fill() noexcept;
  void open(const actor_ptr& which) noexcept;
  enum class giving_up : std::uint8_t { idle_ones, any };
  bool make_room(giving_up which) noexcept;
  bool give_up(const actor_ptr& which, giving_up how = giving_up::any) noexcept;
  void make_all_room() noexcept;
  bool move_on() noexcept;
  static bool is_idle(const detail::edition& which) noexcept;
  void forget_ended(leftovers& out) noexcept;

  // Without it.
  void ended(detail::edition& which) noexcept;
  void forget(const detail::actor_impl& which) noexcept;
  void try_again() noexcept;

  struct ending {
    edition_ptr what;
    actor_ptr of;
    bool over = false;
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const detail::actor_make> now_;
  // Those before it: a state may be one's that no newer one takes over.
  std::vector<std::shared_ptr<const detail::actor_make>> older_;
  std::unordered_map<std::string, std::weak_ptr<detail::actor_impl>> known_;
  std::multimap<std::uint64_t, actor_ptr>
      residents_;  // by the turn of their last call, when it was looked at
  std::deque<actor_ptr> waiting_;
  std::vector<ending> endings_;
  std::size_t taken_ = 0;  // places
  std::uint64_t activations_ = 0;
  std::uint64_t passivations_ = 0;
  bool behind_ = false;  // some live with another component than new ones do, or wait to
  bool draining_ = false;
  edition_ptr full_;
  edition_ptr busy_;
  edition_ptr shut_;
  edition_ptr no_room_;
  edition_ptr forked_;
  detail::reservation instances_;
  // Tries again to make room, where all who might give a place up were being called just then.
  boost::intrusive_ptr<detail::deferred> retry_;
};

}  // namespace holdfast
