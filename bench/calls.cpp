// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/io_context.hpp>

#include "bench/alternate.hpp"
#include "bench/asio_turns.hpp"
#include "bench/callers.hpp"
#include "bench/only.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

/// One pool of one cell and one caller: nothing waits for anything.
class lone_caller {
 public:
  explicit lone_caller(const subject& with)
      : owner_(with.with),
        pool_(with.open(owner_, {.cells = 1})),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))),
        echo_(must(pool_.function<std::vector<std::uint8_t>(std::vector<std::uint8_t>)>("echo"))) {
    if (*must_answer(echo_(kept_)) != kept_) throw std::runtime_error("echo answered other bytes");
  }

  void typed(unsigned count) const { add_in_turn(add_, count); }

  void dynamic(unsigned count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      const reply told = pool_.call("add", args(i, std::uint32_t{7}));
      must_complete(told);
      if (told.value->get<std::uint32_t>() != i + 7) throw std::runtime_error("add answered another sum");
    }
  }

  /// Completes on an event loop that runs on this thread.
  void async(style how, start first, unsigned count) {
    callers one(loop_.get_executor(), add_, how, first);
    one.begin(1, count);
    loop_.restart();
    loop_.run();
    one.wait();
  }

  /// The same loop, and nobody calls anything.
  void turn(style how, unsigned count) {
    if (how == style::handler) {
      turn_handlers(loop_, count);
    } else {
      turn_coroutine(loop_, count);
    }
  }

  /// Hands its list over and sends on what comes back.
  void echo(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      sent_ = std::move(*must_answer(echo_(std::move(sent_))));
      check_ends(sent_, kept_);
    }
  }

  /// Keeps its list and passes a copy: what a caller pays who needs the bytes again.
  void echo_copied(unsigned count) const {
    for (unsigned i = 0; i < count; ++i) check_ends(*must_answer(echo_(kept_)), kept_);
  }

 private:
  template <class R>
  static typed_reply<R> must_answer(typed_reply<R> told) {
    must_complete(told);
    return told;
  }

  host owner_;
  pool pool_;
  adder add_;
  echoer echo_;
  asio::io_context loop_{1};
  const std::vector<std::uint8_t> kept_ = pattern();
  std::vector<std::uint8_t> sent_ = kept_;
};

void measure_adds(lone_caller& ours, subject& with, results& into) {
  const auto async = [&](style how, start first) {
    return [&ours, how, first](unsigned count) { ours.async(how, first, count); };
  };
  const std::vector<way> ways{
      {"direct", [&](unsigned count) { with.direct.add(count); }},
      {"typed", [&](unsigned count) { ours.typed(count); }},
      {"dynamic", [&](unsigned count) { ours.dynamic(count); }},
      {"coroutine, dispatch", async(style::coroutine, start::dispatch)},
      {"handler, dispatch", async(style::handler, start::dispatch)},
      {"coroutine, post", async(style::coroutine, start::post)},
      {"handler, post", async(style::handler, start::post)},
      {"coroutine, nothing", [&](unsigned count) { ours.turn(style::coroutine, count); }},
      {"handler, nothing", [&](unsigned count) { ours.turn(style::handler, count); }},
  };
  const std::vector<double> took = alternate(ways);
  const auto row = [&](const char* name, double value, const char* what) {
    return figure{.name = name, .what = what, .value = value, .floor = took[0]};
  };
  const bar promised{1.3};

  figure typed =
      row("call_typed", took[1], "`add(u32, u32)` through `pool::function`, on the caller's thread");
  typed.must = promised;
  typed.aim = 1.1;
  into.add(typed);
  into.add(row("call_dynamic", took[2], "the same through `pool::call` with dynamic values"));

  const bool handler = took[4] < took[3];
  figure dispatch = row("async_dispatch", handler ? took[4] : took[3],
                        "`async_call` with `start::dispatch`, completing on the same thread's `io_context`");
  dispatch.must = promised;
  dispatch.aim = 1.1;
  dispatch.note = handler ? "a chain of completion handlers" : "a coroutine with `use_awaitable`";
  into.add(dispatch);
  into.add(row("async_dispatch_coroutine", took[3], "the same by a coroutine with `use_awaitable`"));
  into.add(row("async_dispatch_handler", took[4], "the same by a chain of completion handlers"));
  into.add(
      row("asio_turn_coroutine", took[7],
          "what of this is Asio's: the same coroutine awaits `asio::post` on its `io_context`, and no call"));
  into.add(row("asio_turn_handler", took[8],
               "the same for the chain of handlers: each is posted and run, and calls nothing"));
  into.add(row("async_post_coroutine", took[5],
               "`async_call` with `start::post`, by a coroutine: two threads take turns"));
  into.add(row("async_post_handler", took[6], "the same by a chain of completion handlers"));
}

void measure_echoes(lone_caller& ours, subject& with, results& into) {
  const std::vector<std::uint8_t> data = pattern();
  const auto bytes = std::as_bytes(std::span(data));
  const std::vector<way> ways{
      {"direct", [&](unsigned count) { with.direct.echo(bytes, count); }},
      {"moved", [&](unsigned count) { ours.echo(count); }},
      {"copied", [&](unsigned count) { ours.echo_copied(count); }},
  };
  const std::vector<double> took = alternate(ways);
  into.add({.name = "echo_64k",
            .what = "`list<u8>` of 64 KiB there and back, a vector moved in and out",
            .value = took[1],
            .floor = took[0],
            .must = bar{1.3}});
  into.add({.name = "echo_64k_copied",
            .what = "the same by a caller who keeps the bytes and passes a copy",
            .value = took[2],
            .floor = took[0]});

  capi_peer api(with.bytes());
  const std::vector<way> official{
      {"moved", [&](unsigned count) { ours.echo(count); }},
      {"official", [&](unsigned count) { api.echo(bytes, count); }},
  };
  const std::vector<double> slow =
      alternate(official, {.rounds = 21, .round_time = std::chrono::milliseconds(20)});
  into.add(
      {.name = "echo_64k_capi",
       .what = "calls a second of the same echo; the floor is Wasmtime's official C API, from bytes to bytes",
       .unit = "calls/s",
       .value = 1e9 / slow[0],
       .floor = 1e9 / slow[1],
       .must = bar{100, bound::at_least}});
}

}  // namespace

void measure_calls(subject& with, results& into) {
  lone_caller ours(with);
  measure_adds(ours, with, into);
  measure_echoes(ours, with, into);
}

bool only_calls(subject& with, const std::string& name, const repeat& run) {
  lone_caller ours(with);
  const std::vector<std::uint8_t> data = pattern();
  const std::vector<way> ways{
      {"call_typed", [&](unsigned count) { ours.typed(count); }},
      {"call_dynamic", [&](unsigned count) { ours.dynamic(count); }},
      {"async_dispatch_coroutine",
       [&](unsigned count) { ours.async(style::coroutine, start::dispatch, count); }},
      {"async_dispatch_handler", [&](unsigned count) { ours.async(style::handler, start::dispatch, count); }},
      {"async_post_coroutine", [&](unsigned count) { ours.async(style::coroutine, start::post, count); }},
      {"async_post_handler", [&](unsigned count) { ours.async(style::handler, start::post, count); }},
      {"asio_turn_coroutine", [&](unsigned count) { ours.turn(style::coroutine, count); }},
      {"asio_turn_handler", [&](unsigned count) { ours.turn(style::handler, count); }},
      {"echo_64k", [&](unsigned count) { ours.echo(count); }},
      {"echo_64k_copied", [&](unsigned count) { ours.echo_copied(count); }},
      {"direct_add", [&](unsigned count) { with.direct.add(count); }},
      {"direct_echo", [&](unsigned count) { with.direct.echo(std::as_bytes(std::span(data)), count); }},
      {"direct_new_instance", [&](unsigned count) { with.direct.add_in_new(count); }},
  };
  return run_only(ways, name, run);
}

}  // namespace holdfast::bench
