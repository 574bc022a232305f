// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <limits>

#include "host/journals.hpp"
#include "host/memory_disk.hpp"
#include "host/sqlite_journal.hpp"

// Every journal does the same; files are refused that are none, and damage is told.
namespace holdfast {
namespace {

using namespace testing_support;
using testing::HasSubstr;

std::array<std::byte, 16> key(unsigned char of) { return {std::byte{of}, std::byte{7}}; }

written done(std::uint64_t call, std::string value = "value") {
  return {.pool = "shop",
          .function = "shop:api/orders#place",
          .name = "order-1",
          .value = std::move(value),
          .result_type = "t",
          .done = true,
          .call = {1, call},
          .request = {std::byte{3}},
          .what = outcome::completed,
          .cell = 2,
          .generation = 5,
          .attempts = 1,
          .at = 1'700'000'000'123};
}

enum class sort : std::uint8_t { memory, file };

class any_journal : public testing::TestWithParam<sort> {
 protected:
  std::optional<error> put(unsigned char at, const written& what) {
    const journal_record one = what.shown(key(at));
    return here->commit({{&one, 1}, {}});
  }
  void erase(unsigned char at, std::uint64_t call) {
    const journal_erasure one{key(at), {1, call}};
    EXPECT_FALSE(here->commit({{}, {&one, 1}}));
  }
  void put_states(const states& all) {
    std::vector<journal_state> shown;
    for (const auto& [actor, each] : all) shown.push_back(each.shown(actor));
    ASSERT_FALSE(here->commit({.states = shown}));
  }
  void put_steps(unsigned char of, const std::vector<written_step>& all) {
    std::vector<journal_step> shown;
    shown.reserve(all.size());
    for (const written_step& each : all) shown.push_back(each.shown(key(of)));
    ASSERT_FALSE(here->commit({.steps = shown}));
  }
  void put_timers(const std::vector<journal_timer>& all) { ASSERT_FALSE(here->commit({.timers = all})); }
  std::optional<written_state> state(unsigned char of) {
    std::optional<written_state> found;
    EXPECT_FALSE(here->read_state(key(of), [&](const journal_state& is) { found = written_state::of(is); }));
    return found;
  }
  /// As the next process finds it.
  contents found() {
    if (GetParam() == sort::file) {
      here.reset();
      here = open_journal(folder / "journal").value();
    }
    return contents_of(*here);
  }

  scratch_folder folder;
  std::shared_ptr<journal> here =
      GetParam() == sort::memory ? memory_journal() : open_journal(folder / "journal").value();
};

INSTANTIATE_TEST_SUITE_P(journals, any_journal, testing::Values(sort::memory, sort::file),
                         [](const auto& of) { return of.param == sort::memory ? "memory" : "file"; });

TEST_P(any_journal, is_empty_at_first) { EXPECT_TRUE(found().empty()); }

TEST_P(any_journal, has_what_was_committed) {
  ASSERT_FALSE(put(1, done(1)));
  EXPECT_EQ(found(), (contents{{key(1), done(1)}}));
}

TEST_P(any_journal, keeps_every_field_as_it_was) {
  written failed = done(2, {});
  failed.what = outcome::deadline_killed;
  failed.code = errc::deadline_killed;
  failed.detail = std::string("quotes \"the\0guest\" \xff\xfe", 22);
  failed.backtrace = "frame\n";
  failed.generation = std::numeric_limits<std::uint64_t>::max();
  failed.cell = std::numeric_limits<std::uint32_t>::max();
  failed.name = std::string("a\0b\xc3\x28", 5);
  failed.result_type.clear();
  written again{
      .pool = "shop", .function = "f", .name = "", .arguments = std::string(3, '\0'), .again = true};
  again.deadline = std::chrono::seconds(3);
  again.run_limit = duration(1);
  written once{.pool = "shop", .function = "f", .name = "n"};
  written bare = again;
  bare.arguments.clear();
  ASSERT_FALSE(put(1, failed));
  ASSERT_FALSE(put(2, again));
  ASSERT_FALSE(put(3, once));
  ASSERT_FALSE(put(4, bare));
  EXPECT_EQ(found(), (contents{{key(1), failed}, {key(2), again}, {key(3), once}, {key(4), bare}}));
}

TEST_P(any_journal, puts_a_record_in_the_place_of_its_key_s_last) {
  written started{.pool = "shop", .function = "f", .name = "n", .call = {1, 1}};
  ASSERT_FALSE(put(1, started));
  ASSERT_FALSE(put(1, done(1)));
  EXPECT_EQ(found(), (contents{{key(1), done(1)}}));
}

TEST_P(any_journal, erases_the_record_of_a_key_only_if_it_is_that_call_s) {
  ASSERT_FALSE(put(1, done(1)));
  ASSERT_FALSE(put(2, done(2)));
  erase(1, 9);
  erase(2, 2);
  erase(3, 3);
  EXPECT_EQ(found(), (contents{{key(1), done(1)}}));
}

TEST_P(any_journal, commits_many_and_erases_others_at_once) {
  ASSERT_FALSE(put(0, done(100)));
  std::vector<written> all;
  for (std::uint64_t i = 1; i < 200; ++i) all.push_back(done(i, std::string(i * 7, 'v')));
  std::vector<journal_record> records;
  for (std::size_t i = 0; i < all.size(); ++i)
    records.push_back(all[i].shown(key(static_cast<unsigned char>(i + 1))));
  const journal_erasure one{key(0), {1, 100}};
  ASSERT_FALSE(here->commit({records, {&one, 1}}));
  const contents now = found();
  EXPECT_EQ(now.size(), 199U);
  EXPECT_EQ(now.at(key(150)), all[149]);
}

TEST_P(any_journal, keeps_the_key_of_the_actor_whose_call_it_was) {
  written one = done(1);
  one.actor = "ada";
  one.state_lost = true;
  ASSERT_FALSE(put(1, one));
  EXPECT_EQ(found(), (contents{{key(1), one}}));
}

TEST_P(any_journal, keeps_the_state_of_each_actor_as_it_was) {
  const written_state empty{.group = "bank", .key = "ada", .serial = 1, .open = true, .at = 5};
  const written_state nothing{.group = "bank", .key = "bob", .serial = 2, .snapshot = ""};
  const written_state much{.group = std::string("b\0k", 3),
                           .key = "\xff",
                           .serial = std::numeric_limits<std::uint64_t>::max(),
                           .written_by = key(5),
                           .calls = std::numeric_limits<std::uint64_t>::max(),
                           .snapshot = std::string(5U << 20, 'x')};
  put_states({{key(1), empty}, {key(2), nothing}, {key(3), much}});
  EXPECT_TRUE(found().empty()) << "they are no records";
  EXPECT_TRUE(states_of(*here) == (states{{key(1), empty}, {key(2), nothing}, {key(3), much}}));
  EXPECT_EQ(state(2), nothing);
  EXPECT_EQ(state(4), std::nullopt);
}

TEST_P(any_journal, puts_no_state_in_the_place_of_a_newer_one) {
  const written_state first{.group = "bank", .key = "ada", .serial = 1, .snapshot = "1"};
  written_state second = first;
  second.serial = 2;
  second.snapshot.reset();
  put_states({{key(1), second}});
  put_states({{key(1), first}});
  EXPECT_EQ(state(1), second);
  written_state third = first;
  third.serial = 3;
  put_states({{key(1), third}});
  static_cast<void>(found());
  EXPECT_EQ(state(1), third);
}

written_step step(std::uint64_t serial) {
  return {.serial = serial,
          .written_by = key(9),
          .function = "bank:api/account#add",
          .arguments = std::string("a\0b", 3),
          .result = key(8),
          .tape = std::string("t\0\xff", 3),
          .beginning = serial == 2 ? "clock" : ""};
}

TEST_P(any_journal, keeps_the_steps_of_each_actor_in_their_order) {
  put_steps(1, {step(3), step(2)});
  put_steps(2, {step(2)});
  put_steps(1, {step(4)});
  EXPECT_TRUE(found().empty()) << "they are no records";
  EXPECT_EQ(steps_of(*here, key(1)), (std::vector{step(2), step(3), step(4)}));
  EXPECT_EQ(steps_of(*here, key(2)), (std::vector{step(2)}));
  EXPECT_TRUE(steps_of(*here, key(3)).empty());
}

TEST_P(any_journal, forgets_the_steps_that_a_state_comes_after) {
  const written_state first{.group = "bank", .key = "ada", .serial = 1, .snapshot = "1"};
  put_states({{key(1), first}});
  put_steps(1, {step(2), step(3)});
  put_steps(2, {step(2)});
  put_states({{key(1), first}});
  EXPECT_EQ(steps_of(*here, key(1)).size(), 2U) << "it is the one that they come after";
  written_state later = first;
  later.serial = 4;
  const journal_state state = later.shown(key(1));
  const written_step fifth = step(5);
  const journal_step next = fifth.shown(key(1));
  ASSERT_FALSE(here->commit({.states = {&state, 1}, .steps = {&next, 1}}));
  static_cast<void>(found());
  EXPECT_EQ(steps_of(*here, key(1)), (std::vector{step(5)}));
  EXPECT_EQ(steps_of(*here, key(2)).size(), 1U) << "another's";
}

TEST_P(any_journal, keeps_the_timers_of_each_actor_as_they_were_set_last) {
  const written_timer early{.group = "bank",
                            .key = "ada",
                            .id = key(7),
                            .due = 1'700'000'000'123,
                            .function = "pay",
                            .arguments = std::string("\0\1", 2)};
  written_timer late = early;
  late.due = 1'800'000'000'000;
  late.id = key(6);
  put_timers({early.shown(key(1), "rent"),
              early.shown(key(1), "gas"),
              early.shown(key(2), "rent"),
              late.shown(key(1), "rent"),
              {.actor = key(2), .name = "rent", .gone = true},
              {.actor = key(1), .name = "water", .gone = true}});
  EXPECT_TRUE(found().empty()) << "they are no records";
  EXPECT_EQ(timers_of(*here), (timers_by_name{{{key(1), "rent"}, late}, {{key(1), "gas"}, early}}));
  put_timers({{.actor = key(1), .name = "rent", .gone = true}, early.shown(key(1), "rent")});
  static_cast<void>(found());
  EXPECT_EQ(timers_of(*here).at({key(1), "rent"}), early) << "one after the other";
}

TEST_P(any_journal, takes_a_value_of_many_megabytes) {
  const written large = done(1, std::string(40U << 20, 'x'));
  ASSERT_FALSE(put(1, large));
  EXPECT_TRUE(found().at(key(1)) == large);
}

// The model is a map.
RC_GTEST_PROP(journal_property, does_what_a_map_does, ()) {
  const scratch_folder folder;
  const auto memory = memory_journal();
  std::shared_ptr<journal> file = open_journal(folder / "journal").value();
  contents model;
  const auto steps = *rc::gen::inRange(1, 30);
  for (int step = 0; step < steps; ++step) {
    std::vector<written> put;
    std::vector<std::array<std::byte, 16>> at;
    std::vector<journal_erasure> gone;
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
      written one = done(*rc::gen::inRange<std::uint64_t>(1, 5), *rc::gen::arbitrary<std::string>());
      one.done = *rc::gen::arbitrary<bool>();
      if (!one.done) one = {.pool = one.pool, .function = "f", .name = one.value, .call = one.call};
      one.result_type = *rc::gen::element<std::string>("", "u", "a longer type");
      put.push_back(one);
      at.push_back(key(*rc::gen::inRange<unsigned char>(0, 6)));
      model.insert_or_assign(at.back(), one);
    }
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
      const journal_erasure one{key(*rc::gen::inRange<unsigned char>(0, 6)),
                                {1, *rc::gen::inRange<std::uint64_t>(1, 5)}};
      gone.push_back(one);
    }
    for (const journal_erasure& each : gone)
      if (const auto found = model.find(each.key); found != model.end() && found->second.call == each.call)
        model.erase(found);
    std::vector<journal_record> records;
    for (std::size_t i = 0; i < put.size(); ++i) records.push_back(put[i].shown(at[i]));
    for (journal* each : {memory.get(), file.get()}) RC_ASSERT(!each->commit({records, gone}));
    if (*rc::gen::inRange(0, 4) == 0) {
      file.reset();
      file = open_journal(folder / "journal").value();
    }
  }
  RC_ASSERT(contents_of(*memory) == model);
  RC_ASSERT(contents_of(*file) == model);
}

// Files.

class journal_file : public testing::Test {
 protected:
  std::string path() const { return folder / "journal"; }
  void write(const std::string& text) const { std::ofstream(path(), std::ios::binary) << text; }
  void run_sql(const char* text) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  void fill() const {
    const auto here = open_journal(path()).value();
    const written what = done(1);
    const journal_record one = what.shown(key(1));
    ASSERT_FALSE(here->commit({{&one, 1}, {}}));
  }
  error refusal(const journal_options& how = {}) const {
    auto opened = open_journal(path(), how);
    if (!opened) return opened.error();
    const auto why = (*opened)->read([](const journal_record&) {});
    EXPECT_TRUE(why);
    return why.value_or(error());
  }
  scratch_folder folder;
};

TEST_F(journal_file, is_not_made_where_it_is_to_be_there) {
  const error why = refusal({.create = false});
  EXPECT_EQ(why, errc::journal_failed);
  EXPECT_THAT(why.message(), HasSubstr(path()));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(journal_file, is_refused_in_a_folder_that_is_not_there) {
  const auto opened = open_journal(folder / "none/journal");
  EXPECT_EQ(opened.error(), errc::journal_failed);
}

TEST_F(journal_file, needs_a_name_that_is_a_file_s) {
  for (const char* none : {"", ":memory:"}) EXPECT_EQ(open_journal(none).error(), errc::bad_arguments);
}

TEST_F(journal_file, is_the_parent_s_after_a_fork) {
  auto here = open_journal(path()).value();
  const written what = done(1);
  const journal_record one = what.shown(key(1));
  ASSERT_FALSE(here->commit({{&one, 1}, {}}));
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refused = here->commit({{&one, 1}, {}}).has_value();
    here.reset();  // which would take the log away
    std::_Exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(std::filesystem::exists(path() + "-wal"));
  const journal_record two = what.shown(key(2));
  ASSERT_FALSE(here->commit({{&two, 1}, {}}));
  here.reset();
  EXPECT_EQ(contents_of(*open_journal(path()).value()).size(), 2U);
}

TEST_F(journal_file, is_refused_if_it_is_something_else) {
  write("name = \"a file of the wrong kind\"\n" + std::string(4000, 'x'));
  EXPECT_EQ(refusal(), errc::bad_journal);
  EXPECT_THAT(refusal().message(), HasSubstr("no journal of Holdfast's"));
}

TEST_F(journal_file, is_refused_if_it_is_a_database_of_another_program) {
  run_sql("CREATE TABLE notes (text)");
  EXPECT_EQ(refusal(), errc::bad_journal);
  EXPECT_THAT(refusal().message(), HasSubstr("another program"));
}

TEST_F(journal_file, of_a_newer_holdfast_is_refused) {
  fill();
  run_sql("PRAGMA user_version = 4");
  EXPECT_EQ(refusal(), errc::bad_journal);
  EXPECT_THAT(refusal().message(), HasSubstr("newer"));
  EXPECT_THAT(refusal().message(), HasSubstr("version 4"));
}

TEST_F(journal_file, of_an_older_holdfast_is_brought_up_to_date) {
  const std::string second = "DROP TABLE steps; DROP TABLE timers; PRAGMA user_version = 2;";
  const std::string first = second +
                            "DROP TABLE actors; ALTER TABLE calls DROP COLUMN actor;"
                            " ALTER TABLE calls DROP COLUMN state_lost; PRAGMA user_version = 1";
  fill();
  for (const std::string& older : {first, second}) {
    run_sql(older.c_str());
    {
      const auto here = open_journal(path()).value();
      EXPECT_EQ(contents_of(*here), (contents{{key(1), done(1)}}));
      const written_state state{.group = "bank", .key = "ada", .serial = 1, .snapshot = "s"};
      const journal_state one = state.shown(key(2));
      const written_step second_step = step(2);
      const journal_step two = second_step.shown(key(2));
      ASSERT_FALSE(here->commit({.states = {&one, 1}, .steps = {&two, 1}}));
    }
    const auto here = open_journal(path()).value();
    EXPECT_EQ(states_of(*here).size(), 1U);
    EXPECT_EQ(steps_of(*here, key(2)), (std::vector{step(2)}));
  }
  EXPECT_EQ(detail::sqlite_journal::open(path(), {})->get()->account()->version, 3);
}

TEST_F(journal_file, with_a_step_or_a_timer_that_was_changed_is_refused_and_says_which) {
  {
    const auto here = open_journal(path()).value();
    const written_step only = step(2);
    const journal_step one = only.shown(key(2));
    const written_timer timer{.group = "bank", .key = "ada", .function = "f"};
    const journal_timer two = timer.shown(key(2), "rent");
    ASSERT_FALSE(here->commit({.steps = {&one, 1}, .timers = {&two, 1}}));
  }
  const auto wrong = [&] { return detail::sqlite_journal::open(path(), {})->get()->check().value(); };
  run_sql("UPDATE steps SET tape = x'00'");
  EXPECT_EQ(wrong(), errc::bad_journal);
  EXPECT_THAT(wrong().message(), HasSubstr("step 1"));
  run_sql("DELETE FROM steps; UPDATE timers SET due = due + 1");
  EXPECT_THAT(wrong().message(), HasSubstr("timer 1"));
}

TEST_F(journal_file, with_a_state_that_was_changed_is_refused_and_says_whose) {
  {
    const auto here = open_journal(path()).value();
    const written_state state{.group = "bank", .key = "ada", .serial = 1, .snapshot = "s"};
    const journal_state one = state.shown(key(2));
    ASSERT_FALSE(here->commit({.states = {&one, 1}}));
  }
  run_sql("UPDATE actors SET open = 1");
  const auto opened = detail::sqlite_journal::open(path(), {}).value();
  for (const auto& wrong : {opened->check(), opened->read_states([](const journal_state&) { FAIL(); }),
                            opened->read_state(key(2), [](const journal_state&) { FAIL(); })}) {
    ASSERT_TRUE(wrong);
    EXPECT_EQ(*wrong, errc::bad_journal);
    EXPECT_THAT(wrong->message(), HasSubstr("actor 1"));
  }
}

TEST_F(journal_file, is_one_host_s_at_a_time) {
  const auto here = open_journal(path()).value();
  EXPECT_EQ(refusal(), errc::bad_journal);
  EXPECT_THAT(refusal().message(), HasSubstr("in use"));
}

TEST_F(journal_file, with_a_record_that_was_changed_is_refused_and_says_which) {
  fill();
  run_sql("UPDATE calls SET value = x'00'");
  EXPECT_EQ(refusal(), errc::bad_journal);
  EXPECT_THAT(refusal().message(), HasSubstr("record 1"));
  const auto opened = detail::sqlite_journal::open(path(), {}).value();
  EXPECT_EQ(opened->check()->code, make_error_code(errc::bad_journal));
}

TEST_F(journal_file, without_one_of_its_tables_is_refused) {
  fill();
  run_sql("DROP TABLE exports");
  EXPECT_FALSE(open_journal(path()));
}

TEST_F(journal_file, is_copied_while_it_is_used) {
  const auto here = open_journal(path()).value();
  const written what = done(1);
  const journal_record one = what.shown(key(1));
  ASSERT_FALSE(here->commit({{&one, 1}, {}}));
  ASSERT_FALSE(here->back_up(folder / "copy"));
  EXPECT_EQ(here->back_up(folder / "copy")->code, make_error_code(errc::journal_failed)) << "it is there";
  const journal_record two = what.shown(key(2));
  ASSERT_FALSE(here->commit({{&two, 1}, {}}));
  EXPECT_EQ(contents_of(*open_journal(folder / "copy").value()), (contents{{key(1), what}}));
}

TEST_F(journal_file, gives_room_back_when_it_is_compacted) {
  const auto here = detail::sqlite_journal::open(path(), {}).value();
  const written large = done(1, std::string(1U << 20, 'x'));
  for (unsigned char i = 0; i < 20; ++i) {
    const journal_record one = large.shown(key(i));
    ASSERT_FALSE(here->commit({{&one, 1}, {}}));
  }
  for (unsigned char i = 1; i < 20; ++i) {
    const journal_erasure one{key(i), {1, 1}};
    ASSERT_FALSE(here->commit({{}, {&one, 1}}));
  }
  const auto before = here->account().value();
  ASSERT_FALSE(here->compact());
  const auto after = here->account().value();
  EXPECT_EQ(after.records, 1);
  EXPECT_GT(before.bytes, after.bytes * 10);
  EXPECT_LT(std::filesystem::file_size(path()), 2U << 20);
  EXPECT_FALSE(here->check());
}

TEST_F(journal_file, does_not_grow_for_ever_while_records_come_and_go) {
  const auto here = open_journal(path()).value();
  const written what = done(1, std::string(20'000, 'x'));
  for (int round = 0; round < 3'000; ++round) {
    const journal_record one = what.shown(key(1));
    const journal_erasure gone{key(1), {1, 1}};
    ASSERT_FALSE(here->commit({{&one, 1}, {}}));
    ASSERT_FALSE(here->commit({{}, {&gone, 1}}));
  }
  EXPECT_LT(std::filesystem::file_size(path()), 1U << 20);
  EXPECT_LT(std::filesystem::file_size(path() + "-wal"), 40U << 20);
}

// Disks that fail.

class journal_disk : public testing::Test {
 protected:
  using trouble = memory_disk::trouble;
  std::optional<error> put(unsigned char at, const written& what) {
    const journal_record one = what.shown(key(at));
    return here->commit({{&one, 1}, {}});
  }
  written of_another_export(std::uint64_t call) {
    written made = done(call);
    made.function = "another";
    return made;
  }
  memory_disk disk;
  std::shared_ptr<detail::sqlite_journal> here =
      detail::sqlite_journal::open("journal", {.checkpoint_pages = 4}, disk.vfs()).value();
};

TEST_F(journal_disk, that_is_full_leaves_all_as_it_was_and_may_have_room_later) {
  ASSERT_FALSE(put(1, done(1)));
  disk.set(trouble::full);
  for (int again = 0; again < 3; ++again) {
    const auto refused = put(2, of_another_export(2));
    ASSERT_TRUE(refused);
    EXPECT_EQ(*refused, errc::journal_full) << refused->message();
    EXPECT_THAT(refused->message(), HasSubstr("journal"));
  }
  EXPECT_EQ(contents_of(*here), (contents{{key(1), done(1)}}));
  disk.set(trouble::none);
  ASSERT_FALSE(put(2, of_another_export(2)));
  ASSERT_FALSE(put(3, of_another_export(3)));
  EXPECT_EQ(contents_of(*here),
            (contents{{key(1), done(1)}, {key(2), of_another_export(2)}, {key(3), of_another_export(3)}}));
}

TEST_F(journal_disk, that_cannot_be_written_or_synced_is_not_taken_for_a_full_one) {
  for (const trouble what : {trouble::broken, trouble::deaf}) {
    disk.set(what);
    const auto failed = put(1, done(1));
    ASSERT_TRUE(failed);
    EXPECT_EQ(*failed, errc::journal_failed) << failed->message();
    disk.set(trouble::none);
  }
}

TEST_F(journal_disk, whose_sync_fails_as_the_log_is_copied_says_so) {
  bool seen = false;
  const written large = done(1, std::string(4'000, 'x'));
  for (unsigned char at = 1; at < 60 && !seen; ++at) {
    std::uint64_t syncs_left = 1;  // of the commit itself
    disk.on_sync = [&] {
      if (syncs_left-- == 0) disk.set(trouble::deaf);
    };
    const auto failed = put(at, large);
    disk.set(trouble::none);  // what the next commit syncs is safe again
    seen = failed.has_value();
    if (failed) {
      EXPECT_EQ(*failed, errc::journal_failed) << failed->message();
    }
  }
  disk.on_sync = {};
  EXPECT_TRUE(seen) << "a copy comes every few pages";
}

}  // namespace
}  // namespace holdfast
