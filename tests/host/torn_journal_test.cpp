// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "host/journals.hpp"
#include "host/memory_disk.hpp"
#include "host/sqlite_journal.hpp"

// A journal after a loss of power, at every change of the disk: what was committed is there, whole, and
// nothing that was not.
namespace holdfast {
namespace {

using namespace testing_support;

// How many images of the disk are tried: HOLDFAST_IMAGES of them, where that is set.
std::uint64_t images_wanted(std::uint64_t usual) {
  const char* const set = std::getenv("HOLDFAST_IMAGES");
  return set != nullptr ? std::strtoull(set, nullptr, 10) : usual;
}

std::array<std::byte, 16> key(std::uint64_t of) {
  return {static_cast<std::byte>(of), static_cast<std::byte>(of >> 8)};
}

/// A journal's life: commits of a seed, one after the other, and what each leaves.
struct life {
  explicit life(std::uint64_t seed) : dice(seed) {}

  struct step {
    std::vector<std::pair<std::array<std::byte, 16>, written>> put;
    std::vector<journal_erasure> gone;
  };

  step next() {
    step made;
    for (std::uint64_t left = dice() % 6; left > 0; --left) {
      written one{.pool = "shop",
                  .function = dice() % 8 == 0 ? "f" + std::to_string(dice() % 100) : std::string("place"),
                  .name = "key",
                  .call = {1, dice() % 4}};
      one.done = dice() % 3 != 0;
      // Large ones go over many pages.
      if (one.done)
        one.value = std::string(dice() % 8 == 0 ? dice() % 30'000 : dice() % 200,
                                static_cast<char>('a' + dice() % 26));
      made.put.emplace_back(key(dice() % 40), std::move(one));
    }
    for (std::uint64_t left = dice() % 3; left > 0; --left)
      made.gone.push_back({key(dice() % 40), {1, dice() % 4}});
    return made;
  }

  static void apply(const step& what, contents& to) {
    for (const auto& [at, one] : what.put) to.insert_or_assign(at, one);
    for (const journal_erasure& each : what.gone)
      if (const auto found = to.find(each.key); found != to.end() && found->second.call == each.call)
        to.erase(found);
  }

  static std::optional<error> commit(const step& what, journal& to) {
    std::vector<journal_record> records;
    records.reserve(what.put.size());
    for (const auto& [at, one] : what.put) records.push_back(one.shown(at));
    return to.commit({records, what.gone});
  }

  std::mt19937_64 dice;
};

constexpr journal_options small_log{.checkpoint_pages = 20};

struct tally {
  std::uint64_t images = 0;
  std::uint64_t refused = 0;
  std::uint64_t before = 0;  ///< found as of the last commit that returned
  std::uint64_t after = 0;   ///< ... as of the one that had not
};

// One image: what a process finds that starts on it, and whether it can go on.
void start_on(std::map<std::string, memory_disk::bytes> image, const contents& before, const contents& after,
              bool created, tally& count) {
  memory_disk disk;
  disk.load(std::move(image));
  ++count.images;
  auto opened = detail::sqlite_journal::open("journal", small_log, disk.vfs());
  if (!opened) {
    ++count.refused;
    ADD_FAILURE() << "refused: " << opened.error().message();
    return;
  }
  const contents found = contents_of(**opened);
  const bool old = found == before;
  const bool whole = found == after;
  if (!created && found.empty()) return;  // the file itself was not there yet
  ASSERT_TRUE(old || whole) << "a false answer: " << found.size() << " records, not " << before.size()
                            << " or " << after.size();
  count.before += old ? 1 : 0;
  count.after += whole && !old ? 1 : 0;
  ASSERT_FALSE((*opened)->check());
  life more(7);
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(life::commit(more.next(), **opened));
}

TEST(torn_journal, has_all_that_was_committed_and_nothing_else_after_a_loss_of_power) {
  const std::uint64_t wanted = images_wanted(2'000);
  tally count;
  std::mt19937_64 roll(1);
  for (std::uint64_t seed = 1; count.images < wanted && !testing::Test::HasFailure(); ++seed) {
    memory_disk disk;
    life goes(seed);
    contents before;
    contents after;
    bool created = false;
    std::vector<std::map<std::string, memory_disk::bytes>> images;
    const auto look = [&] {
      for (auto& each : images) start_on(std::move(each), before, after, created, count);
      images.clear();
    };
    disk.on_change = [&](std::uint64_t) {
      if (roll() % 4 == 0)
        for (std::uint64_t left = 1 + roll() % 3; left > 0; --left)
          images.push_back(disk.after_power_loss(roll));
    };
    const auto opened = detail::sqlite_journal::open("journal", small_log, disk.vfs()).value();
    look();
    created = true;
    for (int commits = 0; commits < 25; ++commits) {
      const life::step next = goes.next();
      life::apply(next, after);
      ASSERT_FALSE(life::commit(next, *opened));
      look();
      before = after;
      // When it has returned there is nothing but what it wrote.
      start_on(disk.after_power_loss(roll), before, before, created, count);
    }
  }
  std::printf("images %llu  refused %llu  as before %llu  as after %llu\n",
              static_cast<unsigned long long>(count.images), static_cast<unsigned long long>(count.refused),
              static_cast<unsigned long long>(count.before), static_cast<unsigned long long>(count.after));
  EXPECT_GT(count.after, 0U) << "some have the commit that had not returned";
}

// Damage that no loss of power makes: bits that flip, pages that are another's, an end that is cut off.
TEST(torn_journal, gives_no_false_answer_however_its_bytes_are_damaged) {
  const std::uint64_t wanted = images_wanted(2'000);
  std::mt19937_64 roll(2);
  std::uint64_t refused = 0;
  std::uint64_t same = 0;
  std::uint64_t fewer = 0;
  for (std::uint64_t seed = 1; refused + same + fewer < wanted && !testing::Test::HasFailure(); ++seed) {
    memory_disk disk;
    life goes(seed);
    std::vector<contents> all(1);
    {
      const auto opened = detail::sqlite_journal::open("journal", small_log, disk.vfs()).value();
      for (int commits = 0; commits < 25; ++commits) {
        const life::step next = goes.next();
        all.push_back(all.back());
        life::apply(next, all.back());
        ASSERT_FALSE(life::commit(next, *opened));
      }
    }
    const auto whole = disk.after_power_loss(roll);
    for (int image = 0; image < 40; ++image) {
      auto files = whole;
      for (auto& [name, data] : files) {
        if (data.empty()) continue;
        const std::uint64_t kind = roll() % 4;
        for (std::uint64_t left = 1 + roll() % 4; left > 0; --left) {
          const std::size_t at = roll() % data.size();
          if (kind == 0) {
            data[at] ^= static_cast<unsigned char>(1U << (roll() % 8));
          } else if (kind == 1) {
            const std::size_t page = at / 4096 * 4096;
            const std::size_t other = roll() % data.size() / 4096 * 4096;
            for (std::size_t i = 0; i < 4096 && std::max(page, other) + i < data.size(); ++i)
              data[page + i] = data[other + i];
          } else if (kind == 2) {
            std::fill(data.begin() + static_cast<std::ptrdiff_t>(at),
                      data.begin() + static_cast<std::ptrdiff_t>(std::min(at + 600, data.size())), 0);
          } else {
            data.resize(at);
            break;
          }
        }
      }
      memory_disk damaged;
      damaged.load(std::move(files));
      auto opened = detail::sqlite_journal::open("journal", small_log, damaged.vfs());
      contents found;
      const auto failed = opened ? (*opened)->read([&](const journal_record& each) {
        found.insert_or_assign(each.key, written::of(each));
      })
                                 : std::optional<error>(opened.error());
      if (failed) {
        ++refused;
        continue;
      }
      if (found == all.back()) {
        ++same;
        continue;
      }
      // Whatever is left of the end of a log that was cut: each answer was true once.
      ++fewer;
      for (const auto& [at, one] : found)
        ASSERT_TRUE(std::ranges::any_of(all, [&](const contents& then) {
          const auto known = then.find(at);
          return known != then.end() && known->second == one;
        })) << "a false answer";
    }
  }
  std::printf("images refused %llu  whole %llu  older %llu\n", static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(same), static_cast<unsigned long long>(fewer));
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace holdfast
