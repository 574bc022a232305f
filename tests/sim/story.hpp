// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/call_phase.hpp>
#include <holdfast/observer.hpp>
#include <holdfast/outcome.hpp>
#include <set>
#include <string>
#include <vector>

#include "sim/law.hpp"

/// Runs that are written by hand, to try the laws on.
namespace holdfast::sim {

inline constexpr std::uint64_t never = static_cast<std::uint64_t>(duration::max().count());

inline constexpr std::uint64_t ms(std::uint64_t count) { return count * 1'000'000; }

/// A list of events with the words that a run is told in.
class story {
 public:
  story& add(event what) {
    what.at = duration(static_cast<duration::rep>(now_));
    all_.push_back(what);
    return *this;
  }
  story& at(std::uint64_t now) {
    now_ = now;
    return *this;
  }

  /// One pool of one cell, whose first instance is ready.
  story& setting(std::uint64_t depth = 10, std::uint64_t old_after = 0) {
    add({.what = seen::opened, .code = 1, .pool = 0, .number = depth, .second = 1000, .third = 100});
    add({.what = seen::policed, .code = 1, .pool = 0, .number = 2, .second = 0, .third = old_after});
    add({.what = seen::calmed});
    add({.what = seen::cell_made, .cell = 0, .pool = 0});
    return build(1).moved(cell_state::building, cell_state::idle);
  }
  story& build(std::uint64_t generation) {
    add({.what = seen::guest_made, .cell = 0, .generation = generation});
    return add({.what = seen::guest_ready, .cell = 0, .generation = generation});
  }
  /// So many calls may share an instance of the pool.
  story& shared(std::uint64_t calls) {
    return add({.what = seen::shared, .pool = 0, .number = calls, .second = calls});
  }
  story& gone(std::uint64_t generation = 1) {
    return add({.what = seen::guest_gone, .cell = 0, .generation = generation});
  }
  story& moved(cell_state from, cell_state to, std::uint64_t generation = 1) {
    return add({.what = seen::moved,
                .code = static_cast<int>(to),
                .cell = 0,
                .generation = generation,
                .number = static_cast<std::uint64_t>(from)});
  }
  story& asked(int call, int traits = 0, std::uint64_t deadline = never) {
    return add({.what = seen::asked,
                .code = traits,
                .call = call,
                .pool = 0,
                .number = deadline,
                .second = never,
                .bytes = 8});
  }
  story& accepted(int call) { return add({.what = seen::accepted, .call = call}); }
  story& submitted(int call, int traits = 0, std::uint64_t deadline = never) {
    return asked(call, traits, deadline)
        .accepted(call)
        .add({.what = seen::answered, .call = call, .pool = 0});
  }
  story& refused(int call, errc why) {
    add({.what = seen::refused, .code = static_cast<int>(why)});
    return add({.what = seen::answered, .code = static_cast<int>(why), .call = call, .pool = 0});
  }
  story& started(int call, std::uint64_t generation = 1) {
    add({.what = seen::started, .call = call, .cell = 0, .generation = generation});
    return moved(cell_state::idle, cell_state::running, generation);
  }
  story& entered(int call, std::uint64_t generation = 1) {
    return add({.what = seen::entered,
                .call = call,
                .cell = 0,
                .generation = generation,
                .number = static_cast<std::uint64_t>(call)});
  }
  story& returned(int call, std::uint64_t value, std::uint64_t generation = 1) {
    return add({.what = seen::returned, .call = call, .cell = 0, .generation = generation, .number = value});
  }
  story& done(int call, outcome what) {
    return add({.what = seen::done, .code = static_cast<int>(what), .call = call});
  }
  story& waits(int call, int waiter) {
    add({.what = seen::attaching, .call = call, .waiter = waiter});
    return add({.what = seen::attached, .code = 1, .call = call, .waiter = waiter});
  }
  story& told(int call, int waiter, outcome what, std::uint64_t value, std::uint64_t attempts = 1,
              std::uint64_t generation = 1) {
    return add({.what = seen::told,
                .code = static_cast<int>(what),
                .call = call,
                .cell = 0,
                .waiter = waiter,
                .generation = generation,
                .number = value,
                .second = attempts});
  }
  story& leaves(int call, int waiter, bool detached = false, int how = 1) {
    add({.what = seen::leaving, .call = call, .waiter = waiter});
    if (detached) add({.what = seen::detached, .call = call});
    return add({.what = seen::left, .code = how, .call = call, .waiter = waiter});
  }
  /// Gives up its waiter without a word, and whether somebody else took it out just before is not said.
  story& abandons(int call, int waiter) { return leaves(call, waiter, false, 2); }
  /// A whole good run of a call that a waiter waits for.
  story& served(int call, std::uint64_t value) {
    return started(call)
        .entered(call)
        .returned(call, value)
        .done(call, outcome::completed)
        .moved(cell_state::running, cell_state::idle);
  }
  story& closed() {
    add({.what = seen::closing, .pool = 0});
    return gone().moved(cell_state::idle, cell_state::closed);
  }
  story& rest(int how = 0) { return add({.what = seen::rested, .code = how}); }

  /// The names of the laws that complain.
  std::set<std::string> complaints() const {
    laws all;
    for (const event& each : all_) all.see(each);
    std::set<std::string> names;
    for (const violation& each : all.found()) names.insert(each.law);
    return names;
  }

 private:
  std::vector<event> all_;
  std::uint64_t now_ = 0;
};

}  // namespace holdfast::sim
