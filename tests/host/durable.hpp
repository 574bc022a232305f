// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <holdfast/function.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/journals.hpp"
#include "host/manual_host.hpp"
#include "support/contents_of.hpp"

/// A host with a journal, whose process can die and begin again.
namespace holdfast::testing_support {

using namespace std::chrono_literals;

struct outcomes_seen final : observer {
  void on_refused(errc why) noexcept override { refused.push_back(why); }
  void on_done(const call_id& /*call*/, outcome what) noexcept override { done.push_back(what); }
  void on_journal_full(bool now) noexcept override { full.push_back(now); }
  void on_committed(std::size_t changes, duration /*took*/) noexcept override { committed += changes; }
  std::vector<errc> refused;
  std::vector<outcome> done;
  std::vector<bool> full;
  std::size_t committed = 0;
};

/// A guest whose export `nap` is marked so.
inline component marked(const std::string& text, const char* marks) {
  const scratch_folder folder;
  const std::string path = folder / "marks.json";
  std::ofstream(path) << R"({"exports": {"nap": [)" << marks << "]}}";
  return component::compile(calm_engine(), bytes_of(text), {.contract = {.manifest = path}}).value();
}

inline component sleeper(const char* marks) {
  return marked(contents_of(HOLDFAST_GUESTS_DIR "/sleeper.wat"), marks);
}

/// ... which takes and gives other numbers.
inline constexpr const char* short_sleeper = R"(
(component
  (core module $code (func (export "nap") (param i32) (result i32) (local.get 0)))
  (core instance $guest (instantiate $code))
  (func (export "nap") (param "ms" u32) (result u32) (canon lift (core func $guest "nap")))))";

class durable_test : public testing::Test {
 protected:
  void SetUp() override { start(); }

  /// A process begins, on the same journal.
  void start() {
    naps.clear();
    told = std::make_unique<outcomes_seen>();
    journal = std::make_shared<mortal_journal>(kept);
    owner.emplace(*told, boost::asio::any_io_executor(), calm_engine(),
                  journalling{journal, policy, calendar});
  }
  /// It dies, and another begins.
  void crash() {
    journal->die();
    parked.clear();
    keep_.clear();
    calendar += 1s;
    owner.reset();
    start();
  }
  pool open(const component& what, std::string name = "shop", unsigned depth = 1024) {
    pool_options options;
    options.name = std::move(name);
    options.queue_depth = depth;
    options.functions.define("holdfast:demo/host", "sleep", [this](host_call call) {
      naps.push_back(call.args().at(0).get<std::uint64_t>());
      parked.push_back(std::move(call));
    });
    return owner->get().open(what, std::move(options)).value();
  }
  ticket begin(const pool& in, std::uint64_t ms, const call_options& how) {
    ticket claim = in.submit("nap", args(ms), how).value();
    owner->settle();
    return claim;
  }
  /// ... by somebody who does not wait for it.
  void send(const pool& in, std::uint64_t ms, const call_options& how) {
    keep_.push_back(begin(in, ms, how));
  }
  void wake() {
    ASSERT_FALSE(parked.empty());
    host_call call = std::move(parked.front());
    parked.erase(parked.begin());
    std::move(call).reply();
  }
  /// Of a call that is done: time stands still, and nobody can wait.
  static reply end(const ticket& of) {
    EXPECT_EQ(of.phase(), call_phase::done);
    return of.phase() == call_phase::done ? of.wait(0s) : reply();
  }
  error attach_error(const call_id& id) { return owner->get().attach(id).error(); }

  const component once = sleeper("");
  const component twice = sleeper(R"("idempotent")");
  key_policy policy;
  std::chrono::system_clock::duration calendar = std::chrono::hours(400'000);
  std::shared_ptr<holdfast::journal> kept = memory_journal();
  std::vector<std::uint64_t> naps;
  std::vector<host_call> parked;
  std::vector<ticket> keep_;
  std::unique_ptr<outcomes_seen> told;
  std::shared_ptr<mortal_journal> journal;
  std::optional<manual_host> owner;
};

}  // namespace holdfast::testing_support
