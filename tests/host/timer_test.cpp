// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <holdfast/actors.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/durable.hpp"
#include "support/contents_of.hpp"

// Timers of actors: when they call, what a call that sets them leaves, and what is there of them after a
// crash.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string alarm_text() { return contents_of(HOLDFAST_GUESTS_DIR "/alarm.wat"); }

component alarm_of(const std::string& text, const char* mark) {
  const scratch_folder folder;
  const std::string path = folder / "marks.json";
  std::ofstream(path)
      << R"({"exports": {"total": ["read-only"], "refused": ["read-only"], "peek": ["read-only"],
    "tick": [)"
      << mark << R"(], "beat": [)" << mark << "]}}";
  return component::compile(calm_engine(), bytes_of(text), {.contract = {.manifest = path}}).value();
}

// Calls that were cut short by a crash may run again.
const component& alarm() {
  static const component one = alarm_of(alarm_text(), R"("idempotent")");
  return one;
}

// ... and of this one may not.
const component& alarm_once() {
  static const component one = alarm_of(alarm_text(), "");
  return one;
}

// It has no `tick`.
component silent_alarm() {
  std::string text = alarm_text();
  const std::string is = R"((func (export "tick") (param "by")";
  text.replace(text.find(is), is.size(), R"((func (export "tock") (param "by")");
  return component::compile(calm_engine(), bytes_of(text)).value();
}

// What every host with timers has, with a journal or without.
class clockwork {
 public:
  explicit clockwork(manual_host& of) : of_(of) {}

  /// All that has to be done at the time that is, then the time goes on.
  void pass(duration by) {
    of_.settle();
    for (const duration step = 10ms; by > duration::zero(); by -= step) {
      of_.world.advance(std::min(by, step));
      of_.settle();
    }
  }

  reply ask(const actor& of, const char* function, wit::arguments&& with = {}, const call_options& how = {}) {
    const ticket claim = of.submit(function, std::move(with), how).value();
    of_.settle();
    EXPECT_EQ(claim.phase(), call_phase::done) << function;
    return claim.phase() == call_phase::done ? claim.wait(0s) : reply();
  }

  static wit::arguments timer(std::string name, std::uint64_t after, std::string function = "tick",
                              std::string arguments = "[1]") {
    return args(std::move(name), after, std::move(function), std::move(arguments));
  }

  static std::string said(const reply& told) {
    if (!told) return told.detail;
    const auto& either = told.value->get<wit::result_value>();
    return either.is_ok() ? "set" : either.payload()->get<std::string>();
  }
  std::string set(const actor& of, wit::arguments&& what) { return said(ask(of, "set", std::move(what))); }

  bool cancel(const actor& of, std::string name) {
    const reply told = ask(of, "cancel", args(std::move(name)));
    return told && told.value->get<bool>();
  }

  std::uint32_t number(const actor& of, const char* function) {
    const reply told = ask(of, function);
    EXPECT_TRUE(told) << told.detail;
    return told ? told.value->get<std::uint32_t>() : 0;
  }
  std::uint32_t total(const actor& of) { return number(of, "total"); }

 private:
  manual_host& of_;
};

class timer_test : public durable_test {
 protected:
  actors open_alarms(const component& of = alarm(),
                     actor_options options = {.name = "alarms", .resident = 2}) {
    return owner->get().open_actors(of, std::move(options)).value();
  }
  clockwork clock() { return clockwork(*owner); }

  /// The process dies, and the next one begins a second later.
  void begin_anew() {
    calendar += owner->world.now().time_since_epoch() - 1h;
    crash();
    // No two processes draw the same numbers.
    for (int i = 0; i < 1000 * processes_; ++i) owner->world.random.next();
    ++processes_;
  }

  /// Outcomes of calls of timers that are on disk.
  std::vector<outcome> recorded() {
    std::vector<outcome> all;
    for (const auto& [key, each] : contents_of(*kept))
      if (each.done && each.name.starts_with("timer:")) all.push_back(each.what);
    return all;
  }

 private:
  int processes_ = 1;
};

// Where there is no journal.
class brief_timer_test : public testing::Test {
 protected:
  manual_host owner{no_observer(), {}, calm_engine()};
  clockwork clock{owner};
  const actors alarms = owner.get().open_actors(alarm(), {.resident = 2}).value();
  const actor a = alarms.at("a").value();
};

TEST_F(timer_test, calls_at_its_time_and_not_before) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  EXPECT_EQ(clock().set(a, clockwork::timer("once", 1000, "tick", "[5]")), "set");
  EXPECT_EQ(alarms.figures().timers, 1U);
  clock().pass(990ms);
  EXPECT_EQ(clock().total(a), 0U);
  clock().pass(10ms);
  EXPECT_EQ(clock().total(a), 5U);
  EXPECT_EQ(alarms.figures().timers, 0U);
  EXPECT_THAT(timers_of(*kept), IsEmpty());
  clock().pass(5s);
  EXPECT_EQ(clock().total(a), 5U) << "once";
}

TEST_F(brief_timer_test, calls_at_its_time_without_a_journal_too) {
  EXPECT_EQ(clock.set(a, clockwork::timer("once", 1000)), "set");
  clock.pass(990ms);
  EXPECT_EQ(clock.total(a), 0U);
  clock.pass(10ms);
  EXPECT_EQ(clock.total(a), 1U);
  EXPECT_EQ(alarms.figures().timers, 0U);
}

TEST_F(brief_timer_test, that_is_due_at_once_is_called_at_once) {
  clock.set(a, clockwork::timer("once", 0));
  clock.pass(1ms);
  EXPECT_EQ(clock.total(a), 1U);
}

TEST_F(brief_timer_test, takes_a_function_by_any_of_its_names_and_arguments_by_theirs) {
  EXPECT_EQ(clock.set(a, clockwork::timer("once", 0, "tick", R"({"by": 7})")), "set");
  clock.pass(1ms);
  EXPECT_EQ(clock.total(a), 7U);
}

TEST_F(timer_test, of_a_name_that_is_set_again_moves) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000, "tick", "[1]"));
  clock().pass(500ms);
  clock().set(a, clockwork::timer("once", 1000, "tick", "[10]"));
  EXPECT_EQ(alarms.figures().timers, 1U);
  clock().pass(990ms);
  EXPECT_EQ(clock().total(a), 0U);
  clock().pass(10ms);
  EXPECT_EQ(clock().total(a), 10U);
  clock().set(a, clockwork::timer("once", 60'000));
  clock().set(a, clockwork::timer("once", 1000));
  clock().pass(1s);
  EXPECT_EQ(clock().total(a), 11U) << "to an earlier time too";
}

TEST_F(timer_test, that_is_cancelled_is_never_called) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000));
  clock().set(a, clockwork::timer("twice", 1000, "tick", "[10]"));
  EXPECT_TRUE(clock().cancel(a, "once"));
  EXPECT_FALSE(clock().cancel(a, "once"));
  EXPECT_FALSE(clock().cancel(alarms.at("b").value(), "twice")) << "another actor's";
  EXPECT_THAT(timers_of(*kept), SizeIs(1));
  clock().pass(2s);
  EXPECT_EQ(clock().total(a), 10U);
}

TEST_F(timer_test, that_is_cancelled_when_its_call_waits_already_is_not_called) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000));
  clock().pass(990ms);
  const ticket cancels = a.submit("cancel", args("once")).value();
  const ticket reads = a.submit("total", {}).value();
  owner->world.advance(10ms);
  owner->settle();
  EXPECT_EQ(end(cancels).value, wit::value(true));
  clock().pass(5s);
  EXPECT_EQ(clock().total(a), 0U);
  EXPECT_EQ(alarms.figures().timers, 0U);
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(brief_timer_test, that_is_cancelled_when_its_call_waits_already_is_not_called_without_a_journal) {
  clock.set(a, clockwork::timer("once", 1000));
  clock.pass(990ms);
  const ticket cancels = a.submit("cancel", args("once")).value();
  owner.world.advance(10ms);
  owner.settle();
  EXPECT_EQ(cancels.wait(0s).value, wit::value(true));
  clock.pass(5s);
  EXPECT_EQ(clock.total(a), 0U);
}

TEST_F(brief_timer_test, is_used_up_when_its_call_begins) {
  clock.set(a, clockwork::timer("once", 0, "drop", "[]"));
  clock.pass(1ms);
  EXPECT_EQ(clock.total(a), 1U) << "it found itself";
}

TEST_F(brief_timer_test, is_seen_by_the_call_that_set_it) {
  const reply told = clock.ask(a, "set-and-cancel", clockwork::timer("once", 100));
  EXPECT_EQ(told.value, wit::value(std::uint32_t{1})) << "the first of two cancels found it";
  clock.set(a, clockwork::timer("once", 100));
  clock.ask(a, "set-and-cancel", clockwork::timer("once", 100));
  clock.pass(1s);
  EXPECT_EQ(clock.total(a), 0U) << "the one of before is cancelled too";
}

TEST_F(timer_test, set_by_a_call_that_does_not_complete_is_none) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("kept", 1000));
  const reply trapped = clock().ask(a, "set-and-trap", clockwork::timer("once", 10), {.key = "k"});
  EXPECT_EQ(trapped.outcome, outcome::trapped);
  clock().ask(a, "set-and-trap", clockwork::timer("kept", 60'000));
  EXPECT_EQ(alarms.figures().timers, 1U);
  clock().pass(1s);
  EXPECT_EQ(clock().total(a), 1U) << "the one of before is as it was";
}

TEST_F(timer_test, is_called_only_when_the_call_that_set_it_is_on_disk) {
  const actors alarms = open_alarms(alarm_once());  // its calls wait for records of their own
  const actor a = alarms.at("a").value();
  clock().total(a);
  const ticket sets = a.submit("set", clockwork::timer("once", 0)).value();
  owner->settle_guests();
  owner->world.advance(1s);
  owner->settle_guests();
  EXPECT_THAT(timers_of(*kept), IsEmpty());
  EXPECT_EQ(a.queued(), 0U) << "a crash would leave a call that nobody had asked for";
  owner->settle();
  clock().pass(10ms);
  EXPECT_EQ(clock().total(a), 1U);
}

TEST_F(timer_test, that_its_own_call_sets_again_goes_on) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().ask(a, "beat");
  for (std::uint32_t i = 1; i < 5; ++i) {
    EXPECT_EQ(clock().total(a), i);
    EXPECT_EQ(alarms.figures().timers, 1U);
    EXPECT_THAT(timers_of(*kept), SizeIs(1));
    clock().pass(1s);
  }
  EXPECT_TRUE(clock().cancel(a, "beat"));
  clock().pass(3s);
  EXPECT_EQ(clock().total(a), 5U);
}

TEST_F(brief_timer_test, that_its_own_call_sets_again_goes_on_without_a_journal) {
  clock.ask(a, "beat");
  clock.pass(5s);
  EXPECT_EQ(clock.total(a), 6U);
  EXPECT_EQ(alarms.figures().timers, 1U);
}

TEST_F(timer_test, brings_its_actor_back) {
  const actors alarms = open_alarms(alarm(), {.name = "alarms", .resident = 1});
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000));
  clock().ask(a, "tick", args(std::uint32_t{10}));
  clock().total(alarms.at("b").value());
  EXPECT_FALSE(a.resident());
  clock().pass(1s);
  EXPECT_TRUE(a.resident());
  EXPECT_EQ(clock().total(a), 11U);
}

TEST_F(timer_test, whose_call_fails_is_gone) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 10, "spoil", "[]"));
  clock().pass(5s);
  EXPECT_THAT(recorded(), ElementsAre(outcome::trapped));
  EXPECT_EQ(alarms.figures().timers, 0U);
  EXPECT_THAT(timers_of(*kept), IsEmpty());
}

TEST_F(brief_timer_test, whose_call_fails_is_gone_without_a_journal) {
  clock.set(a, clockwork::timer("once", 10, "spoil", "[]"));
  clock.pass(5s);
  EXPECT_EQ(alarms.figures().timers, 0U);
}

// Restarts.

TEST_F(timer_test, is_called_by_the_next_process_at_its_time) {
  clock().set(open_alarms().at("a").value(), clockwork::timer("once", 10'000));
  clock().pass(2s);
  begin_anew();  // a second later
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  EXPECT_EQ(alarms.figures().timers, 1U);
  clock().pass(6990ms);
  EXPECT_EQ(clock().total(a), 0U);
  clock().pass(10ms);
  EXPECT_EQ(clock().total(a), 1U);
}

TEST_F(timer_test, that_is_overdue_is_called_at_once_when_its_actors_are_opened) {
  clock().set(open_alarms().at("a").value(), clockwork::timer("once", 100));
  begin_anew();
  clock().pass(5s);
  const actors others = open_alarms(alarm(), {.name = "others", .resident = 1});
  clock().pass(1s);
  EXPECT_THAT(timers_of(*kept), SizeIs(1)) << "it is nobody's yet";
  const actors alarms = open_alarms();
  clock().pass(1ms);
  EXPECT_EQ(clock().total(alarms.at("a").value()), 1U);
}

TEST_F(timer_test, of_many_that_are_overdue_is_called_with_a_bounded_number_of_others) {
  constexpr int many = 100;
  {
    const actors alarms = open_alarms();
    for (int i = 0; i < many; ++i)
      clock().set(alarms.at(std::to_string(i)).value(), clockwork::timer("once", 100'000));
  }
  begin_anew();
  clock().pass(100s);
  const actors alarms = open_alarms(alarm(), {.name = "alarms", .resident = 2});
  owner->world.advance(1ms);
  owner->step();
  EXPECT_EQ(alarms.figures().waiting + alarms.figures().resident, 64U);
  clock().pass(1s);
  EXPECT_EQ(alarms.figures().timers, 0U);
  EXPECT_THAT(recorded(), SizeIs(many));
}

TEST_F(timer_test, is_there_after_a_crash_if_and_only_if_the_call_that_set_it_completed) {
  int lost = 0;
  for (std::size_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    kept = memory_journal();
    begin_anew();
    {
      const actor a = open_alarms().at("a").value();
      static_cast<void>(a.submit("set", clockwork::timer("once", 5000), {.key = "k"}).value());
      for (std::size_t i = 0; i < steps; ++i) owner->step();
    }
    begin_anew();
    const actors alarms = open_alarms();
    const actor a = alarms.at("a").value();
    owner->settle();
    const bool there = alarms.figures().timers == 1;
    const reply again = clock().ask(a, "set", clockwork::timer("once", 5000), {.key = "k"});
    if (again.outcome == outcome::lost_in_crash) {
      ++lost;
      EXPECT_FALSE(there);
    } else {
      EXPECT_EQ(clockwork::said(again), "set");
    }
    EXPECT_EQ(alarms.figures().timers, again ? 1U : 0U);
    clock().pass(6s);
    EXPECT_EQ(clock().total(a), again ? 1U : 0U);
  }
  EXPECT_GT(lost, 0);
}

TEST_F(timer_test, completes_once_whenever_the_process_dies) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    kept = memory_journal();
    begin_anew();
    {
      clock().set(open_alarms().at("a").value(), clockwork::timer("once", 1000));
      owner->world.advance(1s);
      for (std::size_t i = 0; i < steps; ++i) {
        owner->step();
        EXPECT_EQ(recorded().size() + timers_of(*kept).size(), 1U)
            << "its outcome or itself, after step " << i;
      }
    }
    begin_anew();
    const actors alarms = open_alarms();
    clock().pass(5s);
    EXPECT_EQ(clock().total(alarms.at("a").value()), 1U);
    EXPECT_THAT(recorded(), ElementsAre(outcome::completed));
    EXPECT_EQ(alarms.figures().timers, 0U);
    EXPECT_THAT(timers_of(*kept), IsEmpty());
  }
}

TEST_F(timer_test, whose_call_may_not_run_twice_completes_once_or_is_lost_in_the_crash) {
  int lost = 0;
  for (std::size_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    kept = memory_journal();
    begin_anew();
    {
      clock().set(open_alarms(alarm_once()).at("a").value(), clockwork::timer("once", 1000));
      owner->world.advance(1s);
      for (std::size_t i = 0; i < steps; ++i) owner->step();
    }
    begin_anew();
    EXPECT_EQ(recorded().size() + timers_of(*kept).size(), 1U) << "its outcome or itself";
    const actors alarms = open_alarms(alarm_once());
    clock().pass(5s);
    ASSERT_THAT(recorded(), SizeIs(1));
    const bool completed = recorded().front() == outcome::completed;
    EXPECT_EQ(recorded().front(), completed ? outcome::completed : outcome::lost_in_crash);
    lost += completed ? 0 : 1;
    EXPECT_EQ(clock().total(alarms.at("a").value()), completed ? 1U : 0U);
    EXPECT_EQ(alarms.figures().timers, 0U);
    EXPECT_THAT(timers_of(*kept), IsEmpty());
  }
  EXPECT_GT(lost, 0);
}

TEST_F(timer_test, that_its_own_call_sets_again_goes_on_whenever_the_process_dies) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    kept = memory_journal();
    begin_anew();
    {
      clock().ask(open_alarms().at("a").value(), "beat");
      owner->world.advance(1s);
      for (std::size_t i = 0; i < steps; ++i) {
        owner->step();
        EXPECT_THAT(timers_of(*kept), SizeIs(1));
      }
    }
    begin_anew();  // a second later: the next may be due
    const actors alarms = open_alarms();
    clock().pass(1ms);
    const std::uint32_t before = clock().total(alarms.at("a").value());
    EXPECT_THAT(before, testing::AllOf(testing::Ge(2U), testing::Le(3U)));
    EXPECT_EQ(recorded().size() + 1, before) << "each beat has an outcome, and the first had a caller";
    clock().pass(3s);
    EXPECT_EQ(clock().total(alarms.at("a").value()), before + 3);
  }
}

// Those that cannot be called now.

TEST_F(timer_test, whose_call_is_refused_is_tried_again_later_and_later) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000));
  ASSERT_TRUE(alarms.swap(silent_alarm()));
  clock().pass(1s);
  EXPECT_THAT(told->refused, ElementsAre(errc::no_such_export));
  for (const duration wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    const std::size_t tries = told->refused.size();
    clock().pass(wait - 10ms);
    EXPECT_THAT(told->refused, SizeIs(tries));
    clock().pass(10ms);
    EXPECT_THAT(told->refused, SizeIs(tries + 1));
  }
  EXPECT_EQ(alarms.figures().timers, 1U);
  EXPECT_THAT(timers_of(*kept), SizeIs(1));
  ASSERT_TRUE(alarms.swap(alarm()));
  clock().pass(60s);
  EXPECT_EQ(clock().total(a), 1U);
}

TEST_F(timer_test, whose_call_has_waited_for_too_long_is_tried_again) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000));
  clock().pass(990ms);
  journal->full = true;  // nothing that may run twice is told, and of others not even begun
  const ticket first = a.submit("tick", args(std::uint32_t{10})).value();
  owner->settle(200);
  owner->world.advance(10ms);
  owner->settle(200);
  EXPECT_THAT(told->refused, ElementsAre(errc::journal_full));
  journal->full = false;
  clock().pass(1s);
  EXPECT_EQ(end(first).value, wit::value(std::uint32_t{10}));
  EXPECT_EQ(clock().total(a), 11U);
}

TEST_F(timer_test, of_actors_that_were_drained_stays_and_waits_for_the_next_of_their_name) {
  const actors before = open_alarms();
  clock().set(before.at("a").value(), clockwork::timer("once", 1000));
  before.drain(1s);
  clock().pass(5s);
  EXPECT_THAT(told->refused, IsEmpty()) << "it is not tried";
  EXPECT_THAT(timers_of(*kept), SizeIs(1));
  const actors alarms = open_alarms();
  clock().pass(1ms);
  EXPECT_EQ(clock().total(alarms.at("a").value()), 1U);
}

TEST_F(timer_test, outlives_an_exchange_of_the_component) {
  const actors alarms = open_alarms();
  const actor a = alarms.at("a").value();
  clock().set(a, clockwork::timer("once", 1000));
  ASSERT_TRUE(alarms.swap(alarm_once()));
  EXPECT_EQ(alarms.figures().timers, 1U);
  clock().pass(1s);
  EXPECT_EQ(clock().total(a), 1U);
}

// Those that are refused.

TEST_F(brief_timer_test, of_what_cannot_be_called_is_refused_at_once) {
  EXPECT_THAT(clock.set(a, clockwork::timer("once", 0, "tack")), HasSubstr("tack"));
  EXPECT_THAT(clock.set(a, clockwork::timer("once", 0, "deactivate", "[]")), HasSubstr("Holdfast alone"));
  for (const char* bad : {"[", "5", "[-1]", "[1, 2]", "[\"x\"]", "[]", ""})
    EXPECT_NE(clock.set(a, clockwork::timer("once", 0, "tick", bad)), "set") << bad;
  EXPECT_THAT(clock.set(a, clockwork::timer("", 0)), HasSubstr("not empty"));
  EXPECT_THAT(clock.set(a, clockwork::timer(std::string(257, 'x'), 0)), HasSubstr("256"));
  EXPECT_EQ(clock.set(a, clockwork::timer(std::string(256, 'x'), 1000)), "set");
  constexpr std::uint64_t ten_years = 1000ULL * 3600 * 24 * 3653;
  EXPECT_THAT(clock.set(a, clockwork::timer("later", ten_years + 1)), HasSubstr("ten years"));
  EXPECT_THAT(clock.set(a, clockwork::timer("later", ~std::uint64_t{0})), HasSubstr("ten years"));
  EXPECT_EQ(clock.set(a, clockwork::timer("later", ten_years)), "set");
  EXPECT_EQ(alarms.figures().timers, 2U);
}

TEST_F(brief_timer_test, of_an_actor_that_has_as_many_as_it_may_is_refused) {
  const actors few = owner.get().open_actors(alarm(), {.resident = 2, .timers = 2}).value();
  const actor b = few.at("b").value();
  EXPECT_EQ(clock.set(b, clockwork::timer("one", 1000)), "set");
  EXPECT_EQ(clock.set(b, clockwork::timer("two", 2000)), "set");
  EXPECT_THAT(clock.set(b, clockwork::timer("three", 1000)), HasSubstr("the limit is 2"));
  EXPECT_EQ(clock.set(b, clockwork::timer("two", 3000)), "set") << "in place of its own";
  EXPECT_EQ(clock.set(few.at("c").value(), clockwork::timer("three", 1000)), "set") << "another has its own";
  clock.pass(1s);
  EXPECT_EQ(clock.set(b, clockwork::timer("three", 1000)), "set");
  EXPECT_TRUE(clock.cancel(b, "three"));
  EXPECT_EQ(clock.set(b, clockwork::timer("four", 1000)), "set");
}

TEST_F(brief_timer_test, of_a_pool_is_an_unknown_import) {
  const auto opened = owner.get().open(alarm(), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), errc::unknown_import);
  EXPECT_THAT(opened.error().detail, HasSubstr("holdfast:timers/timers"));
}

TEST_F(brief_timer_test, is_refused_to_what_is_no_call) {
  const actor early = alarms.at("early").value();
  EXPECT_EQ(clock.number(early, "refused"), 1U) << "in `activate`";
  clock.ask(early, "tick", args(std::uint32_t{1}));
  EXPECT_EQ(clock.number(early, "refused"), 3U) << "in `snapshot` too";
  clock.pass(1s);
  EXPECT_EQ(clock.total(early), 1U);
}

TEST_F(brief_timer_test, is_refused_to_an_export_that_changes_nothing) {
  EXPECT_THAT(clockwork::said(clock.ask(a, "peek", clockwork::timer("once", 0))), HasSubstr("read-only"));
  EXPECT_EQ(alarms.figures().timers, 0U);
}

}  // namespace
}  // namespace holdfast
