// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <holdfast/component.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fakes.hpp"
#include "engine/blueprint.hpp"
#include "engine/instance.hpp"
#include "wit/packed.hpp"

/// A real guest without a cell that drives it: the test starts and polls it.
namespace holdfast::testing_support {

using namespace std::chrono_literals;

inline const engine& ticking_engine() {
  static const engine one({.max_instances = 16, .tick = 1ms});
  return one;
}

inline component compiled(std::string_view text, const compile_options& how = {}) {
  return component::compile(ticking_engine(), std::as_bytes(std::span(text)), how).value();
}

inline component built(const std::string& file, const compile_options& how = {}) {
  return component::load(ticking_engine(), std::filesystem::path(HOLDFAST_GUESTS_DIR) / file, how).value();
}

/// A component linked, and instances of it one after another. Host functions wait until the test runs them.
class bare_guest {
 public:
  explicit bare_guest(const component& of, pool_options options = {},
                      std::optional<std::size_t> tape_bytes = std::nullopt)
      : linked_(bridge::blueprint::link(
                    of, options, [this](bridge::function_job job) { functions_.push_back(std::move(job)); },
                    world.env.time, tape_bytes)
                    .value()) {
    renew();
  }

  bare_guest(const bare_guest&) = delete;
  bare_guest& operator=(const bare_guest&) = delete;
  ~bare_guest() {
    lose();
    functions_.clear();
    wakes_.close();  // cell and mailbox know each other until then
    world.settle();
  }

  /// Destroys the instance and makes the next generation, without polling it.
  void renew() {
    lose();
    now_ = linked_->make(&wakes_.at(0), {0, ++generation_});
  }
  void lose() { now_.reset(); }

  core::guest& get() { return *now_; }

  /// Polls until the guest is idle or lost, and runs its host functions meanwhile.
  core::guest_state settle() { return drive(true); }
  /// The same, but stops when a host function waits to be run.
  core::guest_state until_parked() { return drive(false); }

  bool run_function() {
    if (functions_.empty()) return false;
    const auto next = std::move(functions_.front());
    functions_.pop_front();
    next.work(nullptr);
    return true;
  }

  /// Starts a call; the arguments stay here. Not taken: the reason.
  std::optional<error> start(std::string_view name, wit::arguments arguments = {}, core::request how = {}) {
    function_ = linked_->linked().world().find_export(name).value();
    arguments_ = wit::encode(*function_, std::move(arguments)).value();
    how.function = function_->index;
    how.arguments = arguments_.bytes();
    return now_->start(how);
  }

  /// Starts to drop a guest's resource.
  std::optional<error> start_release(std::uint64_t number) {
    for (std::byte& byte : released_) {
      byte = static_cast<std::byte>(number);
      number >>= 8;
    }
    return now_->start({.function = core::request::release, .arguments = released_});
  }

  /// Calls and comes back with the value.
  wit::value ask(std::string_view name, wit::arguments arguments = {}, const core::request& how = {}) {
    if (const auto refused = start(name, std::move(arguments), how)) throw_exception_from_error(*refused, {});
    return settle() == core::guest_state::ready ? value() : fail();
  }
  template <class T>
  T ask_for(std::string_view name, wit::arguments arguments = {}, const core::request& how = {}) {
    return ask(name, std::move(arguments), how).template get<T>();
  }

  /// The value of the call that ended.
  wit::value value() {
    const core::buffer bytes = now_->take_result();
    return wit::decode(*function_->result, bytes.bytes(), wit::decode_budget,
                       {wakes_.at(0).number(), generation_})
        .value();
  }

  core::fakes::manual_world world;

 private:
  [[noreturn]] wit::value fail() {
    const core::fault why = now_->take_fault();
    throw_exception_from_error(error(why.code, why.message), {});
  }

  core::guest_state drive(bool with_functions) {
    for (;;) {
      const core::guest_state state = now_->poll();
      if (state != core::guest_state::pending) return state;
      if (!functions_.empty()) {
        if (!with_functions) return state;
        run_function();
      }
    }
  }

  core::fakes::record log_;
  core::fakes::fake_pool wakes_{world.env, log_};  // what the guest wakes, for want of a cell of its own
  std::deque<bridge::function_job> functions_;
  std::unique_ptr<bridge::blueprint> linked_;
  std::uint64_t generation_ = 0;
  const wit::function* function_ = nullptr;
  wit::packed_args arguments_;
  std::array<std::byte, 8> released_{};
  std::unique_ptr<core::guest> now_;
};

}  // namespace holdfast::testing_support
