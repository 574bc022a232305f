// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <holdfast/function.hpp>
#include <holdfast/imports.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/driving.hpp"
#include "core/lineage.hpp"
#include "host/manual_host.hpp"

namespace holdfast {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;
using testing::HasSubstr;
namespace asio = boost::asio;

const std::string shop = "holdfast:demo/shop";
const std::string demo = "holdfast:demo/host";
using price_answer = wit::expected<std::uint64_t, std::string>;

/// The other function that asker.wat imports, where a test is about one of them.
void define_add(imports& into) {
  into.define(shop, "add", [](std::uint32_t a, std::uint32_t b) { return a + b; });
}
void define_price(imports& into) {
  into.define(shop, "price", [](const std::string&) -> price_answer { return wit::ok(std::uint64_t{1}); });
}

class host_function_test : public testing::Test {
 protected:
  pool open(const std::string& file, pool_options options) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  reply ask(const pool& of, std::string_view function, wit::arguments arguments,
            const call_options& options = {}) {
    const ticket claim = of.submit(function, std::move(arguments), options).value();
    settle();
    return claim.wait(0s);
  }
  // Runs guests, host functions and the embedder's executor until none has anything to do.
  void settle() {
    for (int i = 0; i < 100; ++i) {
      const std::size_t steps = owner.settle();
      io.restart();
      if (io.poll() + steps == 0) return;
    }
  }
  asio::io_context io;
  manual_host owner;
};

TEST_F(host_function_test, takes_and_returns_the_types_of_cpp) {
  pool_options options;
  define_add(options.functions);
  options.functions.define(shop, "price", [](const std::string& item) -> price_answer {
    if (item != "book") return wit::err("no " + item);
    return wit::ok(std::uint64_t{1250});
  });
  const pool asker = open("asker.wat", options);
  EXPECT_EQ(ask(asker, "add", args(2U, 3U)).value->get<std::uint32_t>(), 5U);
  const reply good = ask(asker, "price", args("book"));
  ASSERT_TRUE(good) << good.detail;
  EXPECT_EQ(*good.value, wit::value::ok(std::uint64_t{1250}));
}

TEST_F(host_function_test, that_returns_an_err_gives_the_guest_a_value_and_keeps_the_instance) {
  pool_options options;
  define_add(options.functions);
  options.functions.define(shop, "price", [](std::string_view item) -> price_answer {
    return wit::err("no " + std::string(item));
  });
  const pool asker = open("asker.wat", options);
  const reply told = ask(asker, "price", args("spoon"));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(*told.value, wit::value::err("no spoon"));
  EXPECT_EQ(ask(asker, "asked", {}).generation, 1U);
}

TEST_F(host_function_test, with_other_types_than_the_import_is_refused_when_the_pool_is_opened) {
  pool_options options;
  define_add(options.functions);
  options.functions.define(shop, "price", [](std::uint32_t) -> price_answer { return wit::err("no"); });
  const auto parameter = owner.get().open(guest("asker.wat"), options);
  ASSERT_FALSE(parameter);
  EXPECT_EQ(parameter.error(), errc::type_mismatch);
  EXPECT_EQ(parameter.error().detail,
            "import `holdfast:demo/shop#price`: parameter 1 (item): the component gives string, the function "
            "takes std::uint32_t");
  options.functions.define(shop, "price", [](const std::string&) { return std::uint64_t{1}; });
  const auto result = owner.get().open(guest("asker.wat"), options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), errc::type_mismatch);
  EXPECT_THAT(result.error().detail, HasSubstr("the function returns std::uint64_t"));
  options.functions.define(shop, "price", []() -> price_answer { return wit::err("no"); });
  EXPECT_EQ(owner.get().open(guest("asker.wat"), options).error(), errc::type_mismatch)
      << "too few parameters";
}

TEST_F(host_function_test, that_throws_ends_the_call_with_its_text_and_rebuilds_the_instance) {
  pool_options options;
  define_price(options.functions);
  options.functions.define(shop, "add", [](std::uint32_t, std::uint32_t) -> std::uint32_t {
    throw std::runtime_error("the abacus broke");
  });
  const pool asker = open("asker.wat", options);
  const reply told = ask(asker, "add", args(2U, 3U));
  EXPECT_EQ(told.code, errc::host_failed);
  EXPECT_EQ(told.code, effect::executed);
  EXPECT_THAT(told.detail, HasSubstr("the abacus broke"));
  EXPECT_EQ(ask(asker, "asked", {}).generation, 2U);
}

TEST_F(host_function_test, that_returns_what_wit_cannot_hold_fails_the_call) {
  pool_options options;
  define_add(options.functions);
  options.functions.define(shop, "price",
                           [](const std::string&) -> price_answer { return wit::err(std::string("\xff")); });
  const pool asker = open("asker.wat", options);
  const reply told = ask(asker, "price", args("book"));
  EXPECT_EQ(told.code, errc::host_failed);
  EXPECT_THAT(told.detail, HasSubstr("answered wrongly: result.err: the string is not UTF-8"));
}

TEST_F(host_function_test, learns_from_its_context_for_which_call_it_works) {
  std::optional<call_id> seen;
  unsigned attempt = 0;
  const core::call* behalf = nullptr;
  pool_options options;
  options.functions.define(demo, "sleep", [&](const host_context& of, std::uint64_t) {
    seen = of.caller();
    attempt = of.attempt();
    behalf = core::on_behalf::current();
    EXPECT_FALSE(of.abandoned());
    EXPECT_FALSE(of.stop_token().stop_requested());
  });
  const pool bed = open("sleeper.wat", options);
  const reply told = ask(bed, "nap", args(5U));
  EXPECT_EQ(seen, told.id);
  EXPECT_EQ(attempt, 1U);
  ASSERT_NE(behalf, nullptr);
}

TEST_F(host_function_test, inline_runs_in_the_guests_slice_on_the_thread_that_drives_it) {
  bool driven = false;
  bool on_behalf = false;
  pool_options options;
  define_price(options.functions);
  options.functions.define_inline(shop, "add", [&](std::uint32_t a, std::uint32_t b) noexcept {
    driven = core::driving_mark::here();
    on_behalf = core::on_behalf::current() != nullptr;
    return a + b;
  });
  const pool asker = open("asker.wat", options);
  const ticket claim = asker.submit("add", args(2U, 3U)).value();
  while (owner.world.step()) {  // guests alone: no host function's thread
  }
  EXPECT_EQ(claim.wait(0s).value->get<std::uint32_t>(), 5U);
  EXPECT_TRUE(driven);
  EXPECT_TRUE(on_behalf);
}

TEST_F(host_function_test, runs_on_the_executor_that_was_given_with_it) {
  pool_options options;
  bool on_io = false;
  define_price(options.functions);
  options.functions.define(
      shop, "add",
      [&](std::uint32_t a, std::uint32_t b) {
        on_io = io.get_executor().running_in_this_thread();
        return a + b;
      },
      io.get_executor());
  const pool asker = open("asker.wat", options);
  const ticket claim = asker.submit("add", args(2U, 3U)).value();
  owner.settle();
  EXPECT_EQ(claim.phase(), call_phase::running) << "nobody runs the executor yet";
  settle();
  EXPECT_EQ(claim.wait(0s).value->get<std::uint32_t>(), 5U);
  EXPECT_TRUE(on_io);
}

TEST_F(host_function_test, without_an_executor_of_its_own_runs_on_that_of_its_table) {
  pool_options options;
  int on_io = 0;
  define_price(options.functions);
  options.functions.define(shop, "add", [&](std::uint32_t a, std::uint32_t b) {
    on_io += io.get_executor().running_in_this_thread() ? 1 : 0;
    return a + b;
  });
  options.functions.on(io.get_executor());
  const pool asker = open("asker.wat", options);
  EXPECT_TRUE(ask(asker, "add", args(2U, 3U)));
  EXPECT_EQ(on_io, 1);
}

TEST_F(host_function_test, that_is_a_coroutine_needs_an_executor) {
  pool_options options;
  options.functions.define(demo, "sleep", [](std::uint64_t) -> asio::awaitable<void> { co_return; });
  const auto refused = owner.get().open(guest("sleeper.wat"), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_arguments);
  EXPECT_THAT(refused.error().detail, HasSubstr("`holdfast:demo/host#sleep`: a coroutine needs an executor"));
}

TEST_F(host_function_test, that_is_a_coroutine_works_on_behalf_of_its_caller_each_time_it_goes_on) {
  std::vector<const core::call*> callers;
  asio::execution_context* context = nullptr;
  pool_options options;
  options.functions.define(
      demo, "sleep",
      [&](const host_context&, std::uint64_t) -> asio::awaitable<void> {
        callers.push_back(core::on_behalf::current());
        const auto mine = co_await asio::this_coro::executor;
        context = &asio::query(mine, asio::execution::context);
        asio::steady_timer own(mine, std::chrono::steady_clock::time_point::min());
        co_await own.async_wait(asio::use_awaitable);
        callers.push_back(core::on_behalf::current());
        asio::steady_timer another(io, std::chrono::steady_clock::time_point::min());
        co_await another.async_wait(asio::use_awaitable);
        callers.push_back(core::on_behalf::current());
      },
      io.get_executor());
  const pool bed = open("sleeper.wat", options);
  const reply told = ask(bed, "nap", args(5U));
  ASSERT_TRUE(told) << told.detail;
  EXPECT_EQ(context, &io);
  ASSERT_EQ(callers.size(), 3U);
  EXPECT_NE(callers[0], nullptr);
  EXPECT_EQ(callers[1], callers[0]);
  EXPECT_EQ(callers[2], callers[0]);
  EXPECT_EQ(core::on_behalf::current(), nullptr);
}

TEST_F(host_function_test, that_is_a_coroutine_answers_with_its_types_and_fails_with_what_it_throws) {
  pool_options options;
  options.functions.on(io.get_executor());
  options.functions.define(shop, "price", [](std::string item) -> asio::awaitable<price_answer> {
    if (item == "book") co_return wit::ok(std::uint64_t{1250});
    co_return wit::err("no " + item);
  });
  options.functions.define(shop, "add", [](std::uint32_t, std::uint32_t) -> asio::awaitable<std::uint32_t> {
    throw std::runtime_error("the abacus broke");
    co_return 0;
  });
  const pool asker = open("asker.wat", options);
  EXPECT_EQ(*ask(asker, "price", args("book")).value, wit::value::ok(std::uint64_t{1250}));
  EXPECT_EQ(*ask(asker, "price", args("pen")).value, wit::value::err("no pen"));
  const reply told = ask(asker, "add", args(2U, 3U));
  EXPECT_EQ(told.code, errc::host_failed);
  EXPECT_THAT(told.detail, HasSubstr("the abacus broke"));
}

TEST_F(host_function_test, that_is_a_coroutine_is_cancelled_by_a_kill_and_never_by_a_caller_who_leaves) {
  std::optional<boost::system::error_code> ended;
  pool_options options;
  options.stop_grace = 10ms;
  options.functions.define(
      demo, "sleep",
      [&](const host_context&, std::uint64_t) -> asio::awaitable<void> {
        asio::steady_timer timer(io, 24h);
        boost::system::error_code code;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
        ended = code;
      },
      io.get_executor());
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = no_limit}).value();
  std::optional<reply> left;
  napping.on_done([&](reply told) { left = std::move(told); }, 5ms);
  settle();
  owner.world.advance(5ms);
  settle();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->code, errc::detached);
  EXPECT_FALSE(ended) << "leaving never cancels";
  EXPECT_EQ(napping.kill(), kill_answer::stopping);
  settle();
  ASSERT_TRUE(ended) << "the timer's wait was ended early";
  EXPECT_EQ(*ended, asio::error::operation_aborted);
  EXPECT_TRUE(napping.wait(0s)) << "it listened, so the guest came to its end within the grace";
  EXPECT_EQ(ask(bed, "count", {}).generation, 1U);
}

TEST_F(host_function_test, that_is_a_coroutine_and_begins_after_the_kill_is_cancelled_where_it_first_waits) {
  std::optional<boost::system::error_code> ended;
  pool_options options;
  options.stop_grace = 10ms;
  options.functions.define(
      demo, "sleep",
      [&](std::uint64_t) -> asio::awaitable<void> {
        asio::steady_timer timer(io, 24h);
        boost::system::error_code code;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
        ended = code;
      },
      io.get_executor());
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = no_limit}).value();
  owner.settle();
  EXPECT_EQ(napping.kill(), kill_answer::stopping);
  owner.settle();
  EXPECT_FALSE(ended);
  settle();
  ASSERT_TRUE(ended);
  EXPECT_EQ(*ended, asio::error::operation_aborted);
  EXPECT_TRUE(napping.wait(0s)) << "within the grace";
}

TEST_F(host_function_test, that_is_a_coroutine_is_cancelled_when_its_instance_is_cut) {
  int ended = 0;
  pool_options options;
  options.functions.define(
      demo, "sleep",
      [&](std::uint64_t) -> asio::awaitable<void> {
        const std::shared_ptr<void> told(nullptr, [&](void*) { ++ended; });
        asio::steady_timer timer(io, 24h);
        co_await timer.async_wait(asio::use_awaitable);
      },
      io.get_executor());
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = 50ms}).value();
  settle();
  owner.world.advance(50ms);
  settle();
  EXPECT_EQ(napping.wait(0s).code, errc::deadline_killed);
  EXPECT_EQ(ended, 1) << "its frame is gone";
  EXPECT_EQ(ask(bed, "count", {}).generation, 2U);
}

TEST_F(host_function_test, whose_executor_ends_under_it_fails_its_call) {
  int ended = 0;
  auto other = std::make_unique<asio::io_context>();
  pool_options options;
  options.functions.define(
      demo, "sleep",
      [&, context = other.get()](std::uint64_t) -> asio::awaitable<void> {
        const std::shared_ptr<void> told(nullptr, [&](void*) { ++ended; });
        asio::steady_timer timer(*context, 24h);
        co_await timer.async_wait(asio::use_awaitable);
      },
      other->get_executor());
  const pool bed = open("sleeper.wat", options);
  const ticket waits = bed.submit("nap", args(5U)).value();
  settle();
  other->poll();
  other.reset();
  settle();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(waits.wait(0s).code, errc::host_failed);
}

TEST_F(host_function_test, that_was_not_begun_when_its_guest_was_cut_is_not_run) {
  int ran = 0;
  pool_options options;
  options.functions.define(
      demo, "sleep",
      [&](std::uint64_t) -> asio::awaitable<void> {
        ++ran;
        co_return;
      },
      io.get_executor());
  const pool bed = open("sleeper.wat", options);
  const ticket napping = bed.submit("nap", args(5U), {.run_limit = 10ms}).value();
  owner.settle();
  owner.world.advance(10ms);
  settle();
  EXPECT_EQ(napping.wait(0s).code, errc::deadline_killed);
  EXPECT_EQ(ran, 0);
}

/// Where the bodies of host functions ran.
struct whereabouts {
  std::atomic<int> bodies{0};
  std::atomic<int> in_a_poll{0};
  void note() {
    bodies.fetch_add(1);
    if (core::driving_mark::here()) in_a_poll.fetch_add(1);
  }
  // A plain function and a coroutine, on that executor.
  void define(imports& into, const asio::any_io_executor& on) {
    into.define(
        shop, "price",
        [this](std::string) -> asio::awaitable<price_answer> {
          note();
          co_return wit::ok(std::uint64_t{1});
        },
        on);
    into.define(
        shop, "add",
        [this](std::uint32_t a, std::uint32_t b) {
          note();
          return a + b;
        },
        on);
  }
};

TEST_F(host_function_test, never_runs_inside_the_poll_of_a_caller_who_dispatches_on_its_executor) {
  whereabouts seen;
  pool_options options;
  seen.define(options.functions, io.get_executor());
  const pool asker = open("asker.wat", options);
  std::vector<ticket> claims;
  const auto dispatch = [&](std::string_view function, wit::arguments arguments) {
    asio::post(io, [&, function, arguments = std::move(arguments)]() mutable {
      claims.push_back(asker.submit(function, std::move(arguments), {.how = start::dispatch}).value());
      EXPECT_EQ(claims.back().phase(), call_phase::running) << "its guest ran in here";
      EXPECT_EQ(seen.bodies, static_cast<int>(claims.size()) - 1) << "its host function did not";
    });
    settle();
  };
  dispatch("price", args("book"));
  dispatch("add", args(2U, 3U));
  ASSERT_EQ(claims.size(), 2U);
  for (const ticket& each : claims) EXPECT_TRUE(each.wait(0s));
  EXPECT_EQ(seen.bodies, 2);
  EXPECT_EQ(seen.in_a_poll, 0);
}

TEST_F(host_function_test, never_runs_inside_the_poll_with_an_executor_that_runs_anywhere) {
  whereabouts seen;
  pool_options options;
  seen.define(options.functions, asio::system_executor());
  const pool asker = open("asker.wat", options);
  for (const bool coroutine : {true, false}) {
    const ticket claim =
        coroutine ? asker.submit("price", args("book")).value() : asker.submit("add", args(2U, 3U)).value();
    while (claim.phase() != call_phase::done) {
      if (owner.settle() == 0) std::this_thread::yield();
    }
    EXPECT_TRUE(claim.wait(0s));
  }
  EXPECT_EQ(seen.bodies, 2);
  EXPECT_EQ(seen.in_a_poll, 0);
}

TEST_F(host_function_test, that_is_a_coroutine_and_whose_executor_ends_before_it_begins_fails_its_call) {
  auto other = std::make_unique<asio::io_context>();
  int ran = 0;
  pool_options options;
  options.functions.define(
      demo, "sleep",
      [&](std::uint64_t) -> asio::awaitable<void> {
        ++ran;
        co_return;
      },
      other->get_executor());
  const pool bed = open("sleeper.wat", options);
  const ticket waits = bed.submit("nap", args(5U)).value();
  settle();
  other.reset();
  settle();
  EXPECT_EQ(ran, 0);
  const reply told = waits.wait(0s);
  EXPECT_EQ(told.code, errc::host_failed);
  EXPECT_THAT(told.detail, HasSubstr("the host function gave no answer"));
}

TEST(host_function_on_threads, never_runs_inside_a_poll_whoever_drives_the_guest) {
  asio::io_context io;
  host owner(shared_engine(), {.workers = 2});
  for (const asio::any_io_executor& on :
       {asio::any_io_executor(io.get_executor()), asio::any_io_executor(asio::system_executor())}) {
    whereabouts seen;
    pool_options options;
    seen.define(options.functions, on);
    const pool asker = owner.open(guest("asker.wat"), std::move(options)).value();
    ASSERT_TRUE(asker.wait_ready(20s));
    for (int i = 0; i < 20; ++i) {
      std::vector<ticket> claims;
      asio::post(io, [&] {
        claims.push_back(asker.submit("price", args("book"), {.how = start::dispatch}).value());
        claims.push_back(asker.submit("add", args(2U, 3U), {.how = start::dispatch}).value());
      });
      for (io.restart();
           claims.empty() || claims[0].phase() != call_phase::done || claims[1].phase() != call_phase::done;
           io.restart())
        io.poll();
      for (const ticket& each : claims) EXPECT_TRUE(each.wait(0s));
    }
    EXPECT_EQ(seen.bodies, 40);
    EXPECT_EQ(seen.in_a_poll, 0);
  }
}

// With one thread for host functions: the one that waits for a guest must not be the one that its guest
// needs.
TEST(host_function_on_threads, that_waits_for_a_guest_lends_its_thread_to_the_host_functions_of_that_guest) {
  host owner(shared_engine(), {.workers = 2, .function_threads = 1});
  pool_options options;
  options.functions.define("holdfast:demo/host", "sleep", [](host_call call) { std::move(call).reply(); });
  const pool innermost = owner.open(guest("sleeper.wat"), options).value();
  const auto naps_in = [](const pool& next) {
    return [next](host_call call) {
      const reply told = next.call("nap", args(std::uint64_t{1}), {.run_limit = 5s});
      if (told) {
        std::move(call).reply();
      } else {
        std::move(call).fail(told.code.message());
      }
    };
  };
  options.functions.define("holdfast:demo/host", "sleep", naps_in(innermost));
  const pool inner = owner.open(guest("sleeper.wat"), options).value();
  options.functions.define("holdfast:demo/host", "sleep", naps_in(inner));
  const pool outer = owner.open(guest("sleeper.wat"), {.cells = 4, .functions = options.functions}).value();
  std::vector<ticket> naps;
  for (int i = 0; i < 4; ++i)
    naps.push_back(outer.submit("nap", args(std::uint64_t{1}), {.run_limit = 20s}).value());
  for (const ticket& each : naps) {
    const reply told = each.wait();
    EXPECT_TRUE(told) << told.detail;
  }
}

}  // namespace
}  // namespace holdfast
