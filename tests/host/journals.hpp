// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <holdfast/journal.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/scratch_folder.hpp"

/// Journals of tests, and what is in them.
namespace holdfast::testing_support {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// What a record says, owned.
struct written {
  std::string pool{};
  std::string actor{};
  bool state_lost = false;
  std::string function{};
  std::string name{};
  std::string detail{};
  std::string backtrace{};
  std::string value{};
  std::string result_type{};
  std::string arguments{};
  bool done = false;
  bool again = false;
  call_id call{};
  std::array<std::byte, 32> request{};
  outcome what = outcome::completed;
  std::error_code code{};
  std::uint32_t cell = 0;
  std::uint64_t generation = 0;
  unsigned attempts = 0;
  std::int64_t at = 0;
  duration deadline = no_limit;
  duration run_limit = no_limit;

  friend bool operator==(const written&, const written&) = default;

  static std::string text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static written of(const journal_record& from) {
    written made{
        .pool = std::string(from.pool),
        .actor = std::string(from.actor),
        .state_lost = from.state_lost,
        .function = std::string(from.function),
        .name = std::string(from.name),
        .detail = std::string(from.detail),
        .backtrace = std::string(from.backtrace),
        .value = text(from.value),
        .result_type = text(from.result_type),
        .arguments = from.arguments ? text(*from.arguments) : std::string(),
        .done = from.done,
        .again = from.arguments.has_value(),
        .call = from.call,
        .request = from.request,
        .what = from.what,
        .code = from.code,
        .cell = from.cell,
        .generation = from.generation,
        .attempts = from.attempts,
        .at = std::chrono::duration_cast<std::chrono::milliseconds>(from.at.time_since_epoch()).count(),
        .deadline = from.deadline,
        .run_limit = from.run_limit};
    return made;
  }
  journal_record shown(const std::array<std::byte, 16>& key) const {
    journal_record made{.key = key,
                        .call = call,
                        .request = request,
                        .pool = pool,
                        .actor = actor,
                        .function = function,
                        .name = name,
                        .done = done,
                        .arguments = {},
                        .deadline = deadline,
                        .run_limit = run_limit,
                        .at = std::chrono::system_clock::time_point(std::chrono::milliseconds(at)),
                        .attempts = attempts,
                        .state_lost = state_lost,
                        .what = what,
                        .code = code,
                        .cell = cell,
                        .generation = generation,
                        .result_type = bytes_of(result_type),
                        .value = bytes_of(value),
                        .detail = detail,
                        .backtrace = backtrace};
    if (again) made.arguments = bytes_of(arguments);
    return made;
  }
};

/// What an actor's state says, owned.
struct written_state {
  std::string group{};
  std::string key{};
  std::uint64_t serial = 0;
  std::array<std::byte, 16> written_by{};
  std::uint64_t calls = 0;
  bool open = false;
  std::optional<std::string> snapshot{};
  std::int64_t at = 0;

  friend bool operator==(const written_state&, const written_state&) = default;

  static written_state of(const journal_state& from) {
    written_state made{
        .group = std::string(from.group),
        .key = std::string(from.key),
        .serial = from.serial,
        .written_by = from.written_by,
        .calls = from.calls,
        .open = from.open,
        .at = std::chrono::duration_cast<std::chrono::milliseconds>(from.at.time_since_epoch()).count()};
    if (from.snapshot) made.snapshot = written::text(*from.snapshot);
    return made;
  }
  journal_state shown(const std::array<std::byte, 16>& actor) const {
    journal_state made{.actor = actor,
                       .group = group,
                       .key = key,
                       .serial = serial,
                       .written_by = written_by,
                       .calls = calls,
                       .open = open,
                       .at = std::chrono::system_clock::time_point(std::chrono::milliseconds(at))};
    if (snapshot) made.snapshot = bytes_of(*snapshot);
    return made;
  }
};

using states = std::map<std::array<std::byte, 16>, written_state>;

/// All states that are in a journal. It fails the test where they cannot be read.
inline states states_of(journal& of) {
  states all;
  const auto failed = of.read_states([&](const journal_state& each) {
    EXPECT_TRUE(all.emplace(each.actor, written_state::of(each)).second) << "an actor has two states";
  });
  EXPECT_FALSE(failed) << failed->message();
  return all;
}

using contents = std::map<std::array<std::byte, 16>, written>;

/// All that is in a journal. It fails the test where it cannot be read.
inline contents contents_of(journal& of) {
  contents all;
  const auto failed = of.read([&](const journal_record& each) {
    EXPECT_TRUE(all.emplace(each.key, written::of(each)).second) << "two records have one key";
  });
  EXPECT_FALSE(failed) << failed->message();
  return all;
}

/// What a step says, owned.
struct written_step {
  std::uint64_t serial = 0;
  std::array<std::byte, 16> written_by{};
  std::string function{};
  std::string arguments{};
  std::array<std::byte, 16> result{};
  std::string tape{};
  std::string beginning{};

  friend bool operator==(const written_step&, const written_step&) = default;

  static written_step of(const journal_step& from) {
    return {.serial = from.serial,
            .written_by = from.written_by,
            .function = std::string(from.function),
            .arguments = written::text(from.arguments),
            .result = from.result,
            .tape = written::text(from.tape),
            .beginning = written::text(from.beginning)};
  }
  journal_step shown(const std::array<std::byte, 16>& actor) const {
    return {.actor = actor,
            .serial = serial,
            .written_by = written_by,
            .function = function,
            .arguments = bytes_of(arguments),
            .result = result,
            .tape = bytes_of(tape),
            .beginning = bytes_of(beginning)};
  }
};

/// The steps of an actor that are in a journal, in their order there.
inline std::vector<written_step> steps_of(journal& in, const std::array<std::byte, 16>& actor) {
  std::vector<written_step> all;
  const auto failed =
      in.read_steps(actor, [&](const journal_step& each) { all.push_back(written_step::of(each)); });
  EXPECT_FALSE(failed) << failed->message();
  return all;
}

/// What a timer says, owned.
struct written_timer {
  std::string group{};
  std::string key{};
  std::array<std::byte, 16> id{};
  std::int64_t due = 0;
  std::string function{};
  std::string arguments{};

  friend bool operator==(const written_timer&, const written_timer&) = default;

  static written_timer of(const journal_timer& from) {
    return {.group = std::string(from.group),
            .key = std::string(from.key),
            .id = from.id,
            .due = std::chrono::duration_cast<std::chrono::milliseconds>(from.due.time_since_epoch()).count(),
            .function = std::string(from.function),
            .arguments = written::text(from.arguments)};
  }
  journal_timer shown(const std::array<std::byte, 16>& actor, std::string_view name) const {
    return {.actor = actor,
            .name = name,
            .group = group,
            .key = key,
            .id = id,
            .due = std::chrono::system_clock::time_point(std::chrono::milliseconds(due)),
            .function = function,
            .arguments = bytes_of(arguments)};
  }
};

using timers_by_name = std::map<std::pair<std::array<std::byte, 16>, std::string>, written_timer>;

/// All timers that are in a journal.
inline timers_by_name timers_of(journal& in) {
  timers_by_name all;
  const auto failed = in.read_timers([&](const journal_timer& each) {
    const std::pair place(each.actor, std::string(each.name));
    EXPECT_FALSE(each.gone);
    EXPECT_TRUE(all.emplace(place, written_timer::of(each)).second) << "an actor has two of one name";
  });
  EXPECT_FALSE(failed) << failed->message();
  return all;
}

/// One that remembers nothing.
class no_journal : public journal {
 public:
  std::optional<error> commit(const journal_batch& /*what*/) override { return std::nullopt; }
  std::optional<error> read(const std::function<void(const journal_record&)>& /*each*/) override {
    return std::nullopt;
  }
  std::optional<error> read_state(const std::array<std::byte, 16>& /*actor*/,
                                  const std::function<void(const journal_state&)>& /*found*/) override {
    return std::nullopt;
  }
  std::optional<error> read_steps(const std::array<std::byte, 16>& /*actor*/,
                                  const std::function<void(const journal_step&)>& /*each*/) override {
    return std::nullopt;
  }
  std::optional<error> read_timers(const std::function<void(const journal_timer&)>& /*each*/) override {
    return std::nullopt;
  }
  std::optional<error> read_states(const std::function<void(const journal_state&)>& /*each*/) override {
    return std::nullopt;
  }
  std::optional<error> back_up(const std::string& /*path*/) override { return std::nullopt; }
};

/// A journal on top of another, whose process can die: from then on nothing reaches it.
class mortal_journal final : public journal {
 public:
  explicit mortal_journal(std::shared_ptr<journal> to) : to_(std::move(to)) {}
  void die() { dead_ = true; }

  std::optional<error> commit(const journal_batch& what) override {
    if (dead_) return std::nullopt;
    if (full) return error(errc::journal_full, "as the test has it");
    ++commits;
    return to_->commit(what);
  }
  std::optional<error> read(const std::function<void(const journal_record&)>& each) override {
    return to_->read(each);
  }
  std::optional<error> read_state(const std::array<std::byte, 16>& actor,
                                  const std::function<void(const journal_state&)>& found) override {
    return to_->read_state(actor, found);
  }
  std::optional<error> read_steps(const std::array<std::byte, 16>& actor,
                                  const std::function<void(const journal_step&)>& each) override {
    return to_->read_steps(actor, each);
  }
  std::optional<error> read_timers(const std::function<void(const journal_timer&)>& each) override {
    return to_->read_timers(each);
  }
  std::optional<error> read_states(const std::function<void(const journal_state&)>& each) override {
    return to_->read_states(each);
  }
  std::optional<error> back_up(const std::string& path) override { return to_->back_up(path); }

  bool full = false;
  std::size_t commits = 0;

 private:
  const std::shared_ptr<journal> to_;
  bool dead_ = false;
};

}  // namespace holdfast::testing_support
