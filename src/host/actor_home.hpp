// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/guest.hpp"
#include "engine/blueprint.hpp"
#include "engine/instance.hpp"
#include "host/actor_states.hpp"

/// Where an actor lives while it is resident: makes its guests, one after the other, and has its state.
namespace holdfast::detail {

/// What a component exports whose actors give their state (guests/actor/lifecycle.wit).
inline constexpr std::string_view lifecycle_interface = "holdfast:actor/lifecycle@0.1.0";

/// A component as actors are made from it.
class actor_make {
 public:
  /// @par Errors  `bad_arguments`: it exports `holdfast:actor/lifecycle` with other functions; or it is
  /// deterministic, and exports none, or passes resources or streams
  static result<std::shared_ptr<const actor_make>> of(const component& what,
                                                      std::unique_ptr<bridge::blueprint> linked);

  /// Of the component's bytes.
  const std::array<std::byte, 16>& digest() const noexcept;

  /// Whether its actors give their state.
  bool keeps() const noexcept { return activate_ != nullptr; }
  /// Whether what they did since can be done again.
  bool replays() const noexcept { return what.deterministic(); }
  const wit::function* activate() const noexcept { return activate_; }
  const wit::function* snapshot() const noexcept { return snapshot_; }
  const wit::function* deactivate() const noexcept { return deactivate_; }

  bool is_lifecycle(const wit::function& which) const noexcept {
    return &which == activate_ || &which == snapshot_ || &which == deactivate_;
  }

  /// Its export of that number.
  const wit::function& exported(std::uint32_t index) const { return *exports_[index]; }
  /// Its export that is the same as this one of another component; null: there is none.
  const wit::function* like(const wit::function& of) const;

  std::unique_ptr<bridge::instance> make(boost::intrusive_ptr<core::poller> owner,
                                         const core::home& where) const noexcept {
    return blueprint_->make_instance(std::move(owner), where);
  }

  const component what;

 private:
  actor_make(const component& of, std::unique_ptr<bridge::blueprint> linked)
      : what(of), blueprint_(std::move(linked)), exports_(what.world().exported_functions()) {}

  const std::unique_ptr<bridge::blueprint> blueprint_;
  const std::vector<const wit::function*> exports_;
  const wit::function* activate_ = nullptr;
  const wit::function* snapshot_ = nullptr;
  const wit::function* deactivate_ = nullptr;
};

/// How its state is kept.
struct actor_terms {
  std::uint32_t snapshot_every = 0;
  std::size_t snapshot_bytes = 0;
  std::size_t replay_bytes = 0;
  duration replay_time{};  ///< of calls between two states of a deterministic actor
};

/// Its cell's driver alone uses it, but for what is const.
class actor_home final : public core::guest_maker {
 public:
  /// `older` are the components that the actor may go on with where `now` fails to take its state over.
  actor_home(std::string group, std::string key, const core::key_print& print,
             std::shared_ptr<const actor_make> now, std::vector<std::shared_ptr<const actor_make>> older,
             const actor_terms& terms, std::shared_ptr<actor_states> states, core::environment& world);

  std::unique_ptr<core::guest> make(boost::intrusive_ptr<core::poller> owner,
                                    const core::home& where) noexcept override;

  // For its guests.

  const std::string& key() const noexcept { return key_; }
  const actor_terms& terms() const noexcept { return terms_; }
  bool durable() const noexcept { return states_->journalled(); }

  /// What the actor goes on from. False: not yet, and `asks` is woken.
  bool look(const boost::intrusive_ptr<core::poller>& asks, std::optional<error>& failed);
  const snapshot_ptr& snapshot() const noexcept;
  /// The steps that have to be gone through after it, in their order.
  std::vector<std::shared_ptr<const actor_step>> steps() const;
  /// Whether that lacks what calls had done.
  bool lacks() const noexcept { return lacks_; }

  /// The component to go on with; the calls are those of `asked`.
  const actor_make& asked() const noexcept { return *now_; }
  const std::shared_ptr<const actor_make>& to_make() const noexcept {
    return before_ != nullptr ? before_ : now_;
  }
  /// The state could not be taken over. True: the component that gave it can be tried.
  bool fall_back();
  /// An instance is there, of `to_make`, with all of the state that it can have.
  void activated() noexcept;
  /// The one that has gone through the steps gives way to one of `asked`.
  void moved_on() noexcept {
    before_.reset();
    tried_ = false;  // that one may not take the state over
  }
  /// Tells the observer of an instance that could not be built.
  void report(const core::home& where, const core::fault& why) const noexcept;

  /// A call that changes nothing has completed.
  void answered() noexcept { lacks_ = false; }
  /// Whether the state is to be asked for once the call that runs has completed.
  bool is_due() const noexcept;
  /// Whether what a call of a deterministic actor has done can be kept as a step of so many bytes.
  bool has_room(std::size_t bytes) const noexcept;
  bool has_steps() const noexcept { return state_ != nullptr && state_->steps() > 0; }
  /// A call begins.
  void begins() noexcept { began_ = world_.time.now(); }
  /// Whether the state has all that calls have done. One that lacks some, of which a caller was told, may
  /// give way to what there is.
  bool is_kept() const noexcept {
    return unkept_ == 0 && !has_steps() && (lacks_ || state_ == nullptr || !state_->open);
  }
  /// A call has completed, and the guest's state is not asked for.
  void passed(core::call* of);
  /// The same of a deterministic actor's: it can be done again. `next` lacks only its place.
  void passed(std::shared_ptr<actor_step> next, core::call* of);
  /// The state after the call `of` has completed; null: after all that have.
  void keep(std::vector<std::byte> snapshot, core::call* of, bool after_call);

 private:
  std::optional<error> choose();
  std::shared_ptr<actor_state> next_state() const;
  std::uint64_t newest() const noexcept;
  void put(const std::shared_ptr<actor_state>& what, core::call* of);

  const std::string group_;
  const std::string key_;
  const core::key_print print_;
  const std::shared_ptr<const actor_make> now_;
  const std::vector<std::shared_ptr<const actor_make>> older_;  // the newest last
  std::shared_ptr<const actor_make> before_;                    // one of them, that it goes on with
  const actor_terms terms_;
  const std::shared_ptr<actor_states> states_;
  core::environment& world_;
  bool tried_ = false;   // some instance of this residence was there
  bool looked_ = false;  // `state_` is what is known
  actor_state_ptr state_;
  std::uint64_t unkept_ = 0;  // calls that have completed since
  bool lacks_ = false;
  time_point began_{};      // the call that runs
  duration since_state_{};  // that calls of a deterministic actor took
};

}  // namespace holdfast::detail
