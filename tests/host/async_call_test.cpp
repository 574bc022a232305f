// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <functional>
#include <holdfast/async_call.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "host/manual_host.hpp"

namespace holdfast {
namespace {

// A handler that could have an executor of its own, and takes the one that is offered.
struct undecided {
  std::function<void(std::error_code)> told;
  void operator()(std::error_code code, const reply&) const { told(code); }
};

}  // namespace
}  // namespace holdfast

template <class Offered>
struct boost::asio::associated_executor<holdfast::undecided, Offered> {
  using type = boost::asio::any_io_executor;
  static type get(const holdfast::undecided&, const Offered& offered = Offered()) noexcept { return offered; }
};

// Every form of calling, on the real engine, with steps and time in the test's hands.
namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace testing_support;
using namespace std::chrono_literals;

class async_call_test : public testing::Test {
 protected:
  pool open(const std::string& file, pool_options options = {}) {
    pool made = owner.get().open(guest(file), std::move(options)).value();
    owner.settle();
    return made;
  }
  // A bed whose guests sleep until they are woken.
  pool open_bed() {
    pool_options options;
    options.functions.define("holdfast:demo/host", "sleep",
                             [this](host_call call) { naps.push_back(std::move(call)); });
    return open("sleeper.wat", options);
  }
  void wake_all() {
    while (!naps.empty()) {
      std::move(naps.back()).reply();
      naps.pop_back();
      settle();
    }
  }
  // Runs guests and handlers until nothing is left to run.
  void settle() {
    do {
      owner.settle();
      io.restart();
    } while (io.poll() > 0);
  }
  std::uint64_t count(const pool& of) {
    std::optional<reply> told;
    of.submit("count", {}).value().on_done([&](reply answer) { told = std::move(answer); });
    settle();
    return told && *told ? told->value->get<std::uint64_t>() : 9999;
  }
  // Notes what a handler is told.
  auto note() {
    return [this](std::error_code code, reply what) {
      EXPECT_EQ(code, what.code);
      told.push_back(std::move(what));
    };
  }
  auto on_io(auto handler) { return asio::bind_executor(io.get_executor(), std::move(handler)); }

  asio::io_context callbacks;  // what the embedder names for those without an executor
  asio::io_context io;
  std::vector<reply> told;
  std::vector<host_call> naps;
  manual_host owner{no_observer(), callbacks.get_executor()};
};

TEST_F(async_call_test, runs_a_handler_whose_type_alone_could_name_an_executor_where_those_without_one_run) {
  const pool shop = open("echo.wat");
  call_options dispatched;
  dispatched.how = start::dispatch;
  bool on_callbacks = false;
  shop.async_call("add", args(2U, 3U), dispatched, undecided{[&](std::error_code code) {
                    EXPECT_FALSE(code);
                    on_callbacks = callbacks.get_executor().running_in_this_thread();
                  }});
  EXPECT_EQ(callbacks.run(), 1U);
  EXPECT_TRUE(on_callbacks);
}

// A handler whose context is ended while a guest runs on the thread that started the call.
class ended_in_the_slice {
 public:
  void end() {
    other_.reset();
    destroyed_ = held_.expired();
  }
  void dispatch(const pool& to, std::string_view function, wit::arguments arguments,
                std::string_view key = {}) {
    call_options options{.key = key};
    options.how = start::dispatch;
    auto held = std::make_shared<int>(0);
    held_ = held;
    to.async_call(function, std::move(arguments), options,
                  asio::bind_executor(other_->get_executor(),
                                      [this, held = std::move(held)](std::error_code, const reply&) {
                                        static_cast<void>(held);
                                        ran_ = true;
                                      }));
  }
  bool destroyed_unrun() const { return destroyed_ && !ran_; }

 private:
  std::unique_ptr<asio::io_context> other_ = std::make_unique<asio::io_context>();
  std::weak_ptr<int> held_;
  bool ran_ = false;
  bool destroyed_ = false;
};

TEST_F(async_call_test, leaves_where_an_inline_host_function_ends_the_context_of_a_handler_that_dispatched) {
  ended_in_the_slice caller;
  pool_options options;
  options.functions.define("holdfast:demo/shop", "price", [](host_call) {});  // not asked for here
  options.functions.define_inline("holdfast:demo/shop", "add",
                                  [&](std::uint32_t a, std::uint32_t b) noexcept {
                                    caller.end();
                                    return a + b;
                                  });
  caller.dispatch(open("asker.wat", options), "add", args(2U, 3U));
  settle();
  EXPECT_TRUE(caller.destroyed_unrun());
}

TEST_F(async_call_test, leaves_so_with_a_key_too_and_its_outcome_stands_under_it) {
  ended_in_the_slice caller;
  std::uint32_t runs = 0;
  pool_options options;
  options.functions.define("holdfast:demo/shop", "price", [](host_call) {});  // not asked for here
  options.functions.define_inline("holdfast:demo/shop", "add",
                                  [&](std::uint32_t a, std::uint32_t b) noexcept {
                                    ++runs;
                                    caller.end();
                                    return a + b;
                                  });
  const pool asker = open("asker.wat", options);
  caller.dispatch(asker, "add", args(2U, 3U), "a");
  settle();
  EXPECT_TRUE(caller.destroyed_unrun());
  EXPECT_EQ(asker.call("add", args(2U, 3U), {.key = "a"}).value, wit::value(5U));
  EXPECT_EQ(runs, 1U);
}

TEST_F(async_call_test, leaves_where_what_the_guest_prints_ends_the_context_of_a_handler_that_dispatched) {
  ended_in_the_slice caller;
  pool_options options;
  options.output = [&](const guest_text&) { caller.end(); };
  caller.dispatch(open("greet-js.wasm", options), "say", args("good morning"));
  settle();
  EXPECT_TRUE(caller.destroyed_unrun());
}

TEST(async_call_on_a_watched_host,
     has_work_on_the_handler_s_executor_while_the_guest_runs_in_the_first_slice) {
  struct : observer {
    void on_started(const call_id&, std::uint32_t, std::uint64_t) noexcept override {
      io.restart();
      io.poll();
      out_of_work = io.stopped();
    }
    asio::io_context io;
    std::optional<bool> out_of_work;
  } watching;
  manual_host owner(watching);
  const pool shop = owner.get().open(guest("echo.wat"), {}).value();
  owner.settle();
  call_options options;
  options.how = start::dispatch;
  bool told = false;
  shop.async_call("add", args(2U, 3U), options,
                  asio::bind_executor(watching.io.get_executor(),
                                      [&](std::error_code code, const reply&) { told = !code; }));
  EXPECT_EQ(watching.out_of_work, false);
  watching.io.restart();
  EXPECT_EQ(watching.io.run(), 1U);
  EXPECT_TRUE(told);
}

TEST_F(async_call_test, tells_a_callback_on_its_own_executor_and_never_in_the_initiating_function) {
  const pool shop = open("orders.wasm");
  shop.async_call("place", args(7U, "book", 2U), {}, on_io(note()));
  EXPECT_TRUE(told.empty());
  owner.settle();
  EXPECT_TRUE(told.empty()) << "the guest has answered; the handler waits for its executor";
  io.run();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(number_in(told[0], "id"), 7U);
}

TEST_F(async_call_test, tells_a_callback_without_an_executor_where_the_embedder_said) {
  const pool shop = open("orders.wasm");
  EXPECT_EQ(shop.get_executor(), asio::any_io_executor(callbacks.get_executor()));
  shop.async_call("count", args(), {}, note());
  shop.call("count", args(), {}, [&](reply what) { told.push_back(std::move(what)); });
  owner.settle();
  EXPECT_EQ(callbacks.run(), 2U) << "work was outstanding for both";
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0] && told[1]);
}

TEST_F(async_call_test, posts_a_refusal_too) {
  const pool shop = open("orders.wasm", {.queue_depth = 1});
  shop.async_call("plaice", args(), {}, on_io(note()));
  shop.async_call("place", args(1U), {}, on_io(note()));
  shop.async_call("count", args(), {}, on_io(note()));
  shop.async_call("count", args(), {}, on_io(note()));
  EXPECT_TRUE(told.empty());
  io.poll();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].code, errc::no_such_export);
  EXPECT_EQ(told[1].code, errc::bad_arguments);
  EXPECT_EQ(told[2].code, errc::queue_full);
  for (const reply& one : told) EXPECT_EQ(one.code, effect::not_executed);
  settle();
  EXPECT_EQ(told.size(), 4U);
}

TEST_F(async_call_test, posts_also_what_it_drove_to_the_end_itself) {
  const pool shop = open("orders.wasm");
  shop.async_call("count", args(), {.how = start::dispatch}, on_io(note()));
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(io.run(), 1U) << "the call was done before its function returned";
  EXPECT_TRUE(told.at(0));
}

TEST_F(async_call_test, ends_waiting_as_detached_with_the_id_when_its_wait_is_over) {
  const pool bed = open_bed();
  bed.async_call("nap", args(1U), {.wait = 500ms}, on_io(note()));
  settle();
  ASSERT_EQ(naps.size(), 1U);
  owner.world.advance(500ms);
  settle();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].code, errc::detached);
  EXPECT_NE(told[0].id, call_id{});
  EXPECT_FALSE(told[0].outcome);
  wake_all();
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(count(bed), 1U) << "it went on";
}

TEST_F(async_call_test, takes_a_queued_call_back_when_its_wait_is_over) {
  const pool bed = open_bed();
  const ticket before = bed.submit("nap", args(1U)).value();
  settle();
  bed.async_call("nap", args(2U), {.wait = 500ms}, on_io(note()));
  owner.world.advance(500ms);
  settle();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].code, errc::revoked);
  EXPECT_EQ(told[0].outcome, outcome::revoked);
  wake_all();
  EXPECT_EQ(count(bed), 1U) << "the guest was never entered for it";
}

TEST_F(async_call_test, starts_a_deferred_call_when_it_is_told_to_and_as_often) {
  const pool shop = open("orders.wasm");
  std::string function = "place";
  std::string key = "a key";
  auto later = [&] {
    const call_options options{.key = key};
    return shop.async_call(function, args(1U, "book", 1U), options, asio::deferred);
  }();
  function.assign("nothing at all"), key.assign("another");
  settle();
  EXPECT_EQ(count(shop), 0U) << "not started yet";
  const auto& kept = later;
  kept(on_io(note()));
  settle();
  std::move(later)(on_io(note()));
  settle();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0] && told[1]) << told[0].detail;
  EXPECT_EQ(told[0].id, told[1].id) << "the key is one and the same";
  EXPECT_EQ(count(shop), 1U);
}

TEST_F(async_call_test, starts_a_deferred_call_anew_each_time_where_it_has_no_key) {
  const pool shop = open("orders.wasm");
  const auto later = shop.async_call("place", args(1U, "book", 1U), {}, asio::deferred);
  later(on_io(note()));
  later(on_io(note()));
  settle();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].id, told[1].id);
  EXPECT_EQ(count(shop), 2U);
}

TEST_F(async_call_test, gives_a_future_of_asio_or_of_its_own_and_neither_throws) {
  const pool shop = open("orders.wasm");
  auto asios = shop.async_call("count", args(), {}, asio::use_future);
  auto own = shop.future_call("count", args());
  auto refused = shop.future_call("plaice", args());
  auto trapped = shop.async_call("trap", args(1U), {}, asio::use_future);
  EXPECT_EQ(refused.get().code, errc::no_such_export);
  settle();
  callbacks.poll();
  EXPECT_TRUE(std::get<1>(asios.get()));
  EXPECT_TRUE(own.get());
  EXPECT_EQ(std::get<0>(trapped.get()), errc::trapped);
}

TEST_F(async_call_test, runs_a_detached_call_to_its_end) {
  const pool shop = open("orders.wasm");
  shop.async_call("place", args(1U, "book", 1U), {}, asio::detached);
  settle();
  EXPECT_EQ(count(shop), 1U);
}

TEST_F(async_call_test, leaves_by_a_stop_token_in_every_form) {
  const pool bed = open_bed();
  const ticket running = bed.submit("nap", args(1U)).value();
  settle();
  std::stop_source stop;
  bed.call("nap", args(2U), {}, [&](reply what) { told.push_back(std::move(what)); }, stop.get_token());
  auto promised = bed.future_call("nap", args(3U), {}, stop.get_token());
  auto waited = running.future_wait(no_limit, stop.get_token());
  std::optional<reply> raw;
  running.on_done([&](reply what) { raw = std::move(what); }, no_limit, stop.get_token());
  stop.request_stop();
  callbacks.poll();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].code, errc::revoked);
  EXPECT_EQ(promised.get().code, errc::revoked);
  EXPECT_EQ(waited.get().code, errc::detached) << "a ticket keeps its call";
  EXPECT_EQ(raw->code, errc::detached);
  EXPECT_EQ(running.wait(stop.get_token()).code, errc::detached) << "stopped already";
  EXPECT_EQ(bed.call("nap", args(4U), {}, stop.get_token()).code, errc::revoked);
  EXPECT_EQ(bed.future_call("nap", args(4U), {}, stop.get_token()).get().code, errc::revoked);
  EXPECT_EQ(bed.queued(), 0U);
  wake_all();
  EXPECT_EQ(count(bed), 1U);
  EXPECT_TRUE(running.wait(stop.get_token())) << "an outcome is told, stopped or not";
}

TEST_F(async_call_test, lets_a_handler_throw_through_its_executor_and_touches_nothing) {
  const pool shop = open("orders.wasm");
  shop.async_call("place", args(1U, "book", 1U), {},
                  on_io([](std::error_code, const reply&) { throw std::runtime_error("mine"); }));
  owner.settle();
  EXPECT_THROW(io.run(), std::runtime_error);
  EXPECT_EQ(count(shop), 1U);
}

TEST_F(async_call_test, lets_a_handler_destroy_pool_and_ticket) {
  std::optional<pool> shop = open("orders.wasm");
  std::optional<ticket> claim = shop->submit("count", {}).value();
  int ran = 0;
  shop->async_call("count", args(), {}, on_io([&](std::error_code, const reply&) {
                     shop.reset();
                     ++ran;
                   }));
  claim->async_wait(on_io([&](std::error_code, const reply&) {
    claim.reset();
    ++ran;
  }));
  settle();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(shop || claim);
}

TEST_F(async_call_test, lets_a_handler_call_again) {
  const pool shop = open("orders.wasm");
  shop.async_call("count", args(), {}, on_io([&](std::error_code, const reply&) {
                    shop.async_call("place", args(1U, "book", 1U), {.how = start::dispatch}, on_io(note()));
                    EXPECT_TRUE(told.empty());
                  }));
  settle();
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(async_call_test, may_be_begun_on_the_thread_that_drives_a_guest) {
  const pool shop = open("orders.wasm");
  const ticket first = shop.submit("count", {}).value();
  first.on_done([&](const reply&) {  // inside a guest's slice
    shop.async_call("place", args(1U, "book", 1U), {.how = start::dispatch}, on_io(note()));
    shop.async_call("plaice", args(), {}, on_io(note()));
    first.async_wait(on_io(note()));
  });
  settle();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(count(shop), 1U);
}

TEST_F(async_call_test, waits_for_a_ticket_without_touching_its_call) {
  const pool bed = open_bed();
  std::optional<ticket> claim = bed.submit("nap", args(1U)).value();
  asio::cancellation_signal signal;
  claim->async_wait(on_io(note()), 1s);
  claim->async_wait(asio::bind_cancellation_slot(signal.slot(), on_io(note())));
  claim->async_wait(on_io(note()));
  claim.reset();
  signal.emit(asio::cancellation_type::total);
  settle();
  ASSERT_EQ(told.size(), 1U) << "any bit ends that one wait, while the call is queued too";
  EXPECT_EQ(told[0].code, errc::detached);
  owner.world.advance(1s);
  settle();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].code, errc::detached);
  wake_all();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[2]);
}

// Coroutines.

asio::awaitable<void> buy(pool shop, std::vector<reply>& seen) {
  call_options options{.key = "order-17", .wait = 500ms, .run_limit = 2s};
  auto [ec, reply] =
      co_await shop.async_call("place", args(1U, "book", 2U), options, asio::as_tuple(asio::use_awaitable));
  seen.push_back(std::move(reply));
  if (ec == effect::not_executed) co_return;
  // The options may be built in the expression itself; g++ 12 would destroy others twice.
  auto [again, second] = co_await shop.async_call("place", args(2U, "pen", 1U), {.key = "b", .wait = 1s},
                                                  asio::as_tuple(asio::use_awaitable));
  EXPECT_FALSE(again);
  seen.push_back(std::move(second));
  auto [bare, third] =
      co_await shop.async_call("spoon", args(), call_options{.key = "c"}, asio::use_awaitable);
  EXPECT_EQ(bare, errc::no_such_export) << "no token throws for a call that failed";
  seen.push_back(std::move(third));
  auto [late, fourth] = co_await shop.async_call("count", args())(asio::use_awaitable);
  seen.push_back(std::move(fourth));
  const ticket kept = shop.submit("count", {}).value();
  auto [last, fifth] = co_await kept.async_wait(asio::as_tuple(asio::use_awaitable), 5s);
  seen.push_back(std::move(fifth));
}

TEST_F(async_call_test, is_awaited_as_the_readme_shows) {
  const pool shop = open("orders.wasm");
  asio::co_spawn(io, buy(shop, told), asio::detached);
  settle();
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(number_in(told[0], "id"), 1U);
  EXPECT_EQ(number_in(told[1], "id"), 2U);
  EXPECT_EQ(told[3].value->get<std::uint64_t>(), 2U);
  EXPECT_TRUE(told[4]);
}

TEST_F(async_call_test, loses_to_a_timer_without_harm_to_the_guest) {
  using namespace asio::experimental::awaitable_operators;
  const pool bed = open_bed();
  asio::steady_timer timer(io, asio::steady_timer::time_point::max());
  bool timer_first = false;
  asio::co_spawn(
      io,
      [](pool of, asio::steady_timer& alarm, bool& seen) -> asio::awaitable<void> {
        auto won = co_await (of.async_call("nap", args(1U), {}, asio::use_awaitable) ||
                             alarm.async_wait(asio::as_tuple(asio::use_awaitable)));
        seen = won.index() == 1;
      }(bed, timer, timer_first),
      asio::detached);
  settle();
  ASSERT_EQ(naps.size(), 1U);
  timer.cancel();
  settle();
  EXPECT_TRUE(timer_first) << "the operator cancels the loser by `terminal`, which detaches";
  wake_all();
  EXPECT_EQ(count(bed), 1U);
}

TEST_F(async_call_test, leaves_when_the_coroutine_that_awaits_it_is_dropped_with_its_context) {
  const pool bed = open_bed();
  {
    asio::io_context doomed;
    for (std::uint64_t i = 0; i < 3; ++i) {
      asio::co_spawn(
          doomed,
          [](pool of, std::uint64_t ms, std::vector<reply>& seen) -> asio::awaitable<void> {
            auto [ec, got] = co_await of.async_call("nap", args(ms), {}, asio::use_awaitable);
            seen.push_back(std::move(got));
          }(bed, i, told),
          asio::detached);
    }
    doomed.poll();
    owner.settle();
    ASSERT_EQ(naps.size(), 1U);
    EXPECT_EQ(bed.queued(), 2U);
  }
  EXPECT_EQ(bed.queued(), 0U) << "revoked";
  wake_all();
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(count(bed), 1U);
}

TEST(async_call_after, its_host_has_ended_tells_what_there_is_to_tell) {
  asio::io_context io;
  std::optional<pool> shop;
  std::optional<ticket> done;
  std::vector<reply> told;
  auto note = asio::bind_executor(io.get_executor(),
                                  [&](std::error_code, reply what) { told.push_back(std::move(what)); });
  {
    manual_host owner(no_observer(), io.get_executor());
    shop = owner.get().open(guest("orders.wasm")).value();
    owner.settle();
    done = shop->submit("count", {}).value();
    owner.settle();
    shop->async_call("spin", args(1U), {.run_limit = no_limit}, note);
    shop->async_call("count", args(), {}, note);
    owner.settle(3);
  }
  EXPECT_EQ(io.run(), 2U) << "posted by the end of the host";
  EXPECT_EQ(told.at(0).code == errc::killed || told.at(1).code == errc::killed, true);
  EXPECT_EQ(told.at(0).code == errc::draining || told.at(1).code == errc::draining, true);
  done->async_wait(note);
  io.restart();
  io.run();
  EXPECT_TRUE(told.at(2)) << "the outcome it had";
}

}  // namespace
}  // namespace holdfast
