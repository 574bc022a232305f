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
  std::optional<core::answer> next_answer() override;
  void ask_to_stop(std::uint64_t number) noexcept override;
  void interrupt() noexcept override { interrupted_ = true; }

 private:
  event about(seen what) const;
  bool is_spare() const noexcept { return where_.generation == 0; }
  core::guest_state go_on();
  core::guest_state build();
  core::guest_state call_host();
  core::guest_state give_back();
  core::guest_state go_on_after();
  core::guest_state lose(errc why);
  core::guest_state yield_slice();

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

  // The call in flight.
  int number_ = -1;
  std::uint64_t run_ = 0;
  bool answered_ = false;
  const call_plan* planned_ = nullptr;
  boost::intrusive_ptr<core::call> call_;
  core::newcomer* unseen_ = nullptr;
  guest_plan::kind does_ = guest_plan::kind::give_back;
  bool entered_ = false;
  bool tail_ = false;  // it goes on after its result
  std::uint32_t left_ = 0;
  std::shared_ptr<host_slot> host_;
  bool asked_ = false;
  bool interrupted_ = false;
  std::uint64_t value_ = 0;
  core::fault fault_;
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
