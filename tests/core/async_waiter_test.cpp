// SPDX-License-Identifier: Apache-2.0
#include "core/async_waiter.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <holdfast/handler_box.hpp>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "core/fakes.hpp"
#include "core/workers.hpp"

namespace holdfast::core {
namespace {

namespace asio = boost::asio;
using namespace fakes;
using kind = script::kind;

class fake_async_waiter final : public async_waiter {
 public:
  using async_waiter::async_waiter;

 private:
  void answer(reply& told, const detail::value_sink* /*into*/) override {
    told.code = left() ? make_error_code(errc::detached) : asked().end().code;
    told.id = asked().id();
  }
};

// Counts how often it was told and how many of it are there.
struct handler {
  struct tally {
    std::atomic<int> told{0};
    std::atomic<int> alive{0};
    std::mutex mutex{};
    std::error_code last{};
  };
  explicit handler(tally& on) : on_(&on) { on_->alive.fetch_add(1); }
  handler(handler&& other) noexcept : on_(other.on_) { on_->alive.fetch_add(1); }
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  ~handler() { on_->alive.fetch_sub(1); }
  void operator()(std::error_code code, const reply&) {
    {
      const std::scoped_lock lock(on_->mutex);  // executors of one test may differ
      on_->last = code;
    }
    on_->told.fetch_add(1);
  }
  tally* on_;
};

// A handler that does something when it is destroyed untold.
struct insistent {
  explicit insistent(std::function<void()> then) : then_(std::move(then)) {}
  insistent(insistent&& other) noexcept : then_(std::exchange(other.then_, nullptr)) {}
  ~insistent() {
    if (then_) then_();
  }
  void operator()(std::error_code, const reply&) {}
  std::function<void()> then_;
};

template <class Handler>
detail::handler_ptr box(Handler made, detail::cancel_rule rule = detail::cancel_rule::bound) {
  return detail::handler_box<Handler, asio::system_executor>::make(std::move(made), asio::system_executor(),
                                                                   rule);
}

// As the host begins a bound call. False: its context has ended.
bool begin(environment& world, fake_pool& pool, const boost::intrusive_ptr<fake_call>& asked,
           detail::handler_ptr tells, duration patience = no_limit) {
  const boost::intrusive_ptr<async_waiter> who(new fake_async_waiter(world, asked));
  if (!who->adopt(std::move(tells))) return false;
  who->begin();
  EXPECT_FALSE(pool.box().admit(asked, start::post));
  who->accepted(patience);
  return true;
}

class async_waiter_test : public testing::Test {
 protected:
  void TearDown() override {
    pool.close();
    world.settle();
  }
  boost::intrusive_ptr<fake_call> ask(script what, detail::handler_ptr tells, bool bound = true) {
    auto asked = pool.make(what, {.bound = bound});
    EXPECT_TRUE(begin(world.env, pool, asked, std::move(tells)));
    return asked;
  }
  record log;
  manual_world world;
  fake_pool pool{world.env, log};
};

TEST_F(async_waiter_test, runs_its_handler_on_the_associated_executor_and_keeps_work_there_until_then) {
  asio::io_context io;
  handler::tally on;
  ask({.value = 1}, box(asio::bind_executor(io.get_executor(), handler(on))));
  EXPECT_EQ(io.poll(), 0U);
  EXPECT_FALSE(io.stopped()) << "work is outstanding";
  world.settle();
  EXPECT_EQ(on.told, 0) << "handed over, not run";
  EXPECT_EQ(io.run(), 1U);
  EXPECT_EQ(on.told, 1);
  EXPECT_EQ(on.alive, 0);
  EXPECT_TRUE(io.stopped());
}

TEST_F(async_waiter_test, follows_the_cancellation_bits_as_the_contract_says) {
  using bits = asio::cancellation_type;
  for (const auto bit : {bits::terminal, bits::partial, bits::total, bits::all}) {
    for (const bool running : {false, true}) {
      asio::io_context io;
      asio::cancellation_signal signal;
      handler::tally on;
      const auto asked =
          ask({.slices = 5}, box(asio::bind_cancellation_slot(
                                 signal.slot(), asio::bind_executor(io.get_executor(), handler(on)))));
      while (running && asked->phase() == call_phase::queued) world.step();
      signal.emit(bits::none);
      EXPECT_EQ(io.poll(), 0U);
      signal.emit(bit);
      signal.emit(bit);
      io.poll();
      EXPECT_EQ(on.told, running && bit == bits::total ? 0 : 1);
      world.settle();
      io.restart();
      io.poll();
      EXPECT_EQ(on.told, 1);
      EXPECT_EQ(asked->end().what, running ? outcome::completed : outcome::revoked);
      EXPECT_EQ(on.last == errc::revoked, !running);
      EXPECT_EQ(on.last == errc::detached, running && bit != bits::total);
      signal.emit(bit);  // long after
    }
  }
}

TEST_F(async_waiter_test, lets_a_signal_die_before_it_and_outlive_it) {
  asio::io_context io;
  handler::tally on;
  {
    asio::cancellation_signal signal;
    ask({.value = 1}, box(asio::bind_cancellation_slot(signal.slot(),
                                                       asio::bind_executor(io.get_executor(), handler(on)))));
  }
  world.settle();
  io.run();
  EXPECT_EQ(on.told, 1);

  asio::cancellation_signal late;
  {
    asio::io_context dies;
    ask({.value = 2}, box(asio::bind_cancellation_slot(
                          late.slot(), asio::bind_executor(dies.get_executor(), handler(on)))));
  }
  late.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(on.told, 1);
  EXPECT_EQ(on.alive, 0);
}

TEST_F(async_waiter_test, leaves_its_call_when_its_context_is_destroyed) {
  handler::tally on;
  boost::intrusive_ptr<fake_call> running;
  boost::intrusive_ptr<fake_call> queued;
  {
    asio::io_context io;
    running = ask({.slices = 3, .value = 1}, box(asio::bind_executor(io.get_executor(), handler(on))));
    while (running->phase() == call_phase::queued) world.step();
    queued = ask({.value = 2}, box(asio::bind_executor(asio::make_strand(io), handler(on))));
    EXPECT_EQ(on.alive, 2);
  }
  EXPECT_EQ(on.alive, 0) << "destroyed with the context";
  EXPECT_EQ(queued->end().what, outcome::revoked);
  world.settle();
  EXPECT_EQ(running->end().what, outcome::completed) << "leaving never cancels";
  EXPECT_EQ(log.entered, std::vector<std::uint64_t>{1});
  EXPECT_EQ(on.told, 0);
}

TEST_F(async_waiter_test, keeps_the_order_on_each_executor_of_calls_that_end_in_one_slice) {
  asio::io_context one;
  asio::io_context other;
  const auto strand = asio::make_strand(one);
  std::vector<int> on_one;
  std::vector<int> on_other;
  std::vector<int> on_strand;
  for (int i = 0; i < 24; ++i) {
    const script what{.value = static_cast<std::uint64_t>(i)};
    if (i % 3 == 0) {
      ask(what, box(asio::bind_executor(one.get_executor(),
                                        [&, i](std::error_code, const reply&) { on_one.push_back(i); })));
    } else if (i % 4 != 0) {
      ask(what, box(asio::bind_executor(other.get_executor(), [&, i](std::error_code, const reply&) {
            EXPECT_TRUE(other.get_executor().running_in_this_thread());
            on_other.push_back(i);
          })));
    } else {
      ask(what, box(asio::bind_executor(strand, [&, i](std::error_code, const reply&) {
            EXPECT_TRUE(strand.running_in_this_thread());
            on_strand.push_back(i);
          })));
    }
  }
  world.settle();
  EXPECT_TRUE(on_one.empty() && on_other.empty() && on_strand.empty()) << "handed over, not run";
  one.run();
  other.run();
  EXPECT_EQ(on_one, (std::vector{0, 3, 6, 9, 12, 15, 18, 21}));
  EXPECT_EQ(on_other, (std::vector{1, 2, 5, 7, 10, 11, 13, 14, 17, 19, 22, 23}));
  EXPECT_EQ(on_strand, (std::vector{4, 8, 16, 20}));
}

TEST_F(async_waiter_test, revokes_a_call_that_is_accepted_when_the_context_has_just_ended) {
  auto io = std::make_unique<asio::io_context>();
  handler::tally on;
  const auto asked = pool.make({.value = 1}, {.bound = true});
  const boost::intrusive_ptr<async_waiter> who(new fake_async_waiter(world.env, asked));
  ASSERT_TRUE(who->adopt(box(asio::bind_executor(io->get_executor(), handler(on)))));
  ASSERT_TRUE(who->begin());
  io.reset();
  EXPECT_EQ(on.alive, 0);
  EXPECT_FALSE(pool.box().admit(asked, start::post));
  who->accepted(no_limit);
  world.settle();
  EXPECT_EQ(asked->end().what, outcome::revoked);
  EXPECT_TRUE(log.entered.empty());
  EXPECT_EQ(on.told, 0);
}

TEST_F(async_waiter_test, takes_handlers_along_that_were_posted_in_one_slice_and_never_run) {
  handler::tally on;
  {
    asio::io_context io;
    for (std::uint64_t i = 0; i < 12; ++i)
      ask({.value = i}, box(asio::bind_executor(io.get_executor(), handler(on))));
    world.settle();
    EXPECT_EQ(on.alive, 12);
    EXPECT_EQ(io.run_one(), 1U);
  }
  EXPECT_EQ(on.told, 1);
  EXPECT_EQ(on.alive, 0);
}

// A call whose waiter ends the context of those that are told with it.
TEST_F(async_waiter_test, posts_nothing_to_a_context_that_ends_while_others_are_told) {
  handler::tally on;
  auto io = std::make_unique<asio::io_context>();
  struct ender final : waiter {
    explicit ender(std::unique_ptr<asio::io_context>& which) : io(which) {}
    void on_done(call&) noexcept override { io.reset(); }
    void on_timer(timer&) noexcept override {}
    std::unique_ptr<asio::io_context>& io;
  };
  ask({.value = 1}, box(asio::bind_executor(asio::system_executor(), [](std::error_code, const reply&) {})));
  for (std::uint64_t i = 2; i < 6; ++i)
    ask({.value = i}, box(asio::bind_executor(io->get_executor(), handler(on))));
  const auto last = pool.make({.value = 6}, {});
  last->attach(boost::intrusive_ptr<waiter>(new ender(io)));
  EXPECT_FALSE(pool.box().admit(last, start::post));
  world.settle();
  EXPECT_EQ(io, nullptr);
  EXPECT_EQ(on.told, 0);
  EXPECT_EQ(on.alive, 0);
}

TEST_F(async_waiter_test, takes_its_handler_along_when_it_was_posted_and_never_run) {
  handler::tally on;
  {
    asio::io_context io;
    ask({.value = 1}, box(asio::bind_executor(io.get_executor(), handler(on))));
    world.settle();
  }
  EXPECT_EQ(on.alive, 0);
  EXPECT_EQ(on.told, 0);
}

TEST_F(async_waiter_test, does_not_call_for_a_context_that_has_begun_to_end) {
  handler::tally on;
  std::optional<bool> begun;
  boost::intrusive_ptr<fake_call> second = pool.make({.value = 2}, {.bound = true});
  {
    asio::io_context io;
    const auto on_io = io.get_executor();
    ask({.value = 1}, box(asio::bind_executor(on_io, insistent([&, on_io] {
                                                begun = begin(world.env, pool, second,
                                                              box(asio::bind_executor(on_io, handler(on))));
                                              }))));
  }
  EXPECT_EQ(begun, false);
  world.settle();
  EXPECT_TRUE(log.entered.empty());
  EXPECT_EQ(on.alive, 0);
}

// Counts its bytes, and how often it was asked for some.
struct memory {
  std::atomic<long> bytes{0};
  std::atomic<int> allocations{0};
};
template <class T>
struct counting_allocator {
  using value_type = T;
  explicit counting_allocator(memory& of) : held(&of) {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) : held(other.held) {}
  T* allocate(std::size_t count) {
    held->bytes.fetch_add(static_cast<long>(count * sizeof(T)));
    held->allocations.fetch_add(1);
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* what, std::size_t count) {
    held->bytes.fetch_sub(static_cast<long>(count * sizeof(T)));
    std::allocator<T>().deallocate(what, count);
  }
  friend bool operator==(const counting_allocator&, const counting_allocator&) = default;
  memory* held;
};

TEST_F(async_waiter_test, holds_its_handler_in_associated_memory_and_gives_it_back_before_it_runs) {
  memory held;
  const std::atomic<long>& bytes = held.bytes;
  std::optional<long> when_told;
  {
    asio::io_context io;
    const auto tell = [&](std::error_code, const reply&) { when_told = bytes.load(); };
    const auto make = [&] {
      return box(
          asio::bind_executor(io.get_executor(), asio::bind_allocator(counting_allocator<char>(held), tell)));
    };
    ask({.value = 1}, make());
    EXPECT_GT(bytes, 0);
    world.settle();
    io.run();
    EXPECT_EQ(when_told, 0);
    ask({.value = 2}, make());
    EXPECT_GT(bytes, 0);
  }
  EXPECT_EQ(bytes, 0) << "given back when the context ends";
}

TEST_F(async_waiter_test, posts_nothing_to_a_context_that_has_begun_to_end) {
  memory held;
  boost::intrusive_ptr<fake_call> second;
  {
    asio::io_context io;
    ask({.value = 1}, box(asio::bind_executor(io.get_executor(), insistent([&] { second->revoke(); }))));
    second = ask(
        {.value = 2},
        box(asio::bind_executor(io.get_executor(),
                                asio::bind_allocator(counting_allocator<char>(held),
                                                     [](std::error_code, const reply&) { ADD_FAILURE(); }))));
    EXPECT_EQ(held.allocations, 1);
  }
  EXPECT_EQ(second->end().what, outcome::revoked) << "by the first handler's end";
  EXPECT_EQ(held.allocations, 1) << "to post it would take another";
  EXPECT_EQ(held.bytes, 0);
}

// Meant for ThreadSanitizer: contexts end while workers end their calls and timers leave them.
TEST(async_waiters_on_threads, survive_contexts_that_end_at_any_moment) {
  steady_time time;
  timers deadlines;
  kernel_random random;
  workers run{2};
  environment env{time, run, deadlines, random, no_observer()};
  record log;
  fake_pool pool(env, log, 2);
  std::atomic<bool> ending{false};
  std::jthread ticker([&] {
    while (!ending.load()) {
      deadlines.advance(time.now());
      std::this_thread::yield();
    }
  });
  std::mt19937 dice(1);
  handler::tally on;
  int made = 0;
  std::vector<boost::intrusive_ptr<fake_call>> all;
  for (int round = 0; round < 300; ++round) {
    std::optional<asio::thread_pool> threads(std::in_place, 1);
    std::optional<asio::io_context> io(std::in_place);
    for (int i = 0; i < 6; ++i, ++made) {
      auto asked = pool.make({.slices = static_cast<std::uint32_t>(dice() % 4), .value = 1}, {.bound = true});
      all.push_back(asked);
      const duration patience = dice() % 3 == 0 ? duration(0) : no_limit;
      ASSERT_TRUE(
          i % 2 == 0
              ? begin(env, pool, asked, box(asio::bind_executor(io->get_executor(), handler(on))), patience)
              : begin(env, pool, asked,
                      box(asio::bind_executor(asio::make_strand(threads->get_executor()), handler(on))),
                      patience));
    }
    for (auto spins = dice() % 200; spins > 0; --spins) std::this_thread::yield();
    if (round % 2 == 0) io->poll();
    io.reset();
    threads.reset();
    ASSERT_EQ(on.alive, 0) << "nothing of a context is left behind it";
  }
  EXPECT_LE(on.told, made);
  pool.close();
  EXPECT_TRUE(pool.box().wait_deserted(10s));
  ending.store(true);
  ticker.join();
  for (const auto& one : all) EXPECT_EQ(one->phase(), call_phase::done);
}

}  // namespace
}  // namespace holdfast::core
