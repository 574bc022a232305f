// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "core/cell.hpp"
#include "core/guest.hpp"
#include "core/newcomer.hpp"
#include "sim/world.hpp"

/// Guests without an engine, that do as planned: return, trap, loop, wait in the host, call back.
namespace holdfast::sim {

/// The exports: one that nothing else begins beside, and one that has no such wish.
inline constexpr std::uint32_t alone_function = 8;
inline constexpr std::uint32_t function_of(const call_plan& of) noexcept {
  return of.guest.alone ? alone_function : 7;
}

/// A planned call, as core sees it.
class sim_call final : public core::call {
 public:
  sim_call(world& in, int number, int plan_index, core::call_terms terms);
  ~sim_call() override;

  std::span<const std::byte> arguments() const noexcept override { return std::as_bytes(std::span(words_)); }
  std::size_t bytes() const noexcept override { return planned().bytes; }

  int number() const noexcept { return static_cast<int>(words_[0]); }
  const call_plan& planned() const noexcept { return in_.planned.calls[static_cast<std::size_t>(words_[1])]; }

  /// What a guest returns for it: told apart by call, instance and attempt.
  static std::uint64_t value(int call, int cell, std::uint64_t generation) noexcept;

 private:
  world& in_;
  const std::array<std::int64_t, 2> words_;  // the call's number and its plan's
};

/// What a host function and the guest that called it share: the answer, if it comes in time.
struct host_slot {
  bool answered = false;
  bool guest_gone = false;
};

class sim_guest final : public core::guest {
 public:
  sim_guest(world& in, boost::intrusive_ptr<core::poller> owner, const core::home& where, int pool,
            build_plan build, const pool_plan& planned);
  ~sim_guest() override;

  core::guest_state poll() override;
  void move_in(const core::home& where) noexcept override;
  std::optional<error> start(const core::request& what) override;
  void known_as(core::call& which) noexcept override;
  core::buffer take_result() override;
  core::fault take_fault() override { return std::move(fault_); }
  std::uint64_t memory() const noexcept override { return memory_; }
  std::size_t held() const noexcept override { return held_; }
  bool open() const noexcept override { return !shut_ && !lost_; }
  bool is_alone(std::uint32_t function) const noexcept override;
  std::optional<core::answer> next_answer() override;
  void ask_to_stop(std::uint64_t number) noexcept override;
  void interrupt() noexcept override { interrupted_ = true; }
  void forget_interrupt() noexcept override { interrupted_ = false; }

 private:
  // A call in flight, or what goes on of one after its result.
  struct flight {
    int number = -1;
    std::uint64_t known_as = 0;  // to core
    const call_plan* planned = nullptr;
    boost::intrusive_ptr<core::call> call{};
    core::newcomer* unseen = nullptr;
    guest_plan::kind does = guest_plan::kind::give_back;
    bool entered = false;
    bool asked = false;
    bool tail = false;  // it goes on after its result
    std::uint32_t left = 0;
    std::shared_ptr<host_slot> host{};
    std::uint64_t value = 0;
  };
  enum class step : std::uint8_t {
    waits,
    holds,  // the instance, until it is driven again
    answers,
    ends,
    fails,
  };

  event about(seen what, int call = -1) const;
  bool is_spare() const noexcept { return where_.generation == 0; }
  bool shares() const noexcept { return pool_.sharing.calls > 1; }
  core::guest_state go_on();
  core::guest_state build();
  bool held_back(const flight& which) const noexcept;
  step drive(flight& which);
  void enter(flight& which);
  step call_host(flight& which);
  step give_back(flight& which);
  step go_on_after(flight& which);
  step lose(flight& which, errc why);
  step yield_slice(const flight& which);
  void take_up(flight& which, step came_to);
  void look_whether_open();

  world& in_;
  const boost::intrusive_ptr<core::poller> owner_;
  core::home where_;
  const int number_of_pool_;
  const build_plan build_;
  const pool_plan& pool_;
  std::uint64_t spare_ = 0;  // its number, as long as it is one
  std::uint32_t build_left_;
  std::uint64_t memory_ = 1000;
  std::size_t held_ = 0;
  bool ready_ = false;

  std::vector<flight> flights_;
  std::uint64_t holder_ = 0;  // which of them has the instance to itself; 0: none
  std::size_t next_ = 0;      // who is driven first
  std::vector<core::answer> answers_;
  bool shut_ = false;
  bool lost_ = false;
  bool interrupted_ = false;
  core::fault fault_;
  event failed_;  // told when core is
};

class sim_maker final : public core::guest_maker {
 public:
  sim_maker(world& in, int pool) noexcept : in_(in), pool_(pool) {}
  std::unique_ptr<core::guest> make(boost::intrusive_ptr<core::poller> owner,
                                    const core::home& where) noexcept override;

 private:
  world& in_;
  const int pool_;
};

}  // namespace holdfast::sim
