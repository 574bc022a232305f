// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/io_context.hpp>

#include "bench/alternate.hpp"
#include "bench/callers.hpp"
#include "bench/only.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

/// One caller of one instance whose `add` is declared brief.
class hasty_caller {
 public:
  explicit hasty_caller(const subject& with)
      : owner_(with.with),
        pool_(with.open(owner_, {.cells = 1, .brief = {"add"}})),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))) {}

  void typed(unsigned count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto told = add_(i, 7);
      must_complete(told);
      if (*told != i + 7) throw std::runtime_error("add answered another sum");
    }
  }

  /// Completes on an event loop that runs on this thread.
  void async(unsigned count) {
    callers one(loop_.get_executor(), add_, style::handler, start::dispatch);
    one.begin(1, count);
    loop_.restart();
    loop_.run();
    one.wait();
  }

 private:
  host owner_;
  pool pool_;
  adder add_;
  boost::asio::io_context loop_{1};
};

std::vector<way> ways_of(hasty_caller& ours, subject& with) {
  return {
      {"direct_add", [&](unsigned count) { with.direct.add(count); }},
      {"direct_add_here", [&](unsigned count) { with.direct.add_here(count); }},
      {"brief_call", [&](unsigned count) { ours.typed(count); }},
      {"brief_async", [&](unsigned count) { ours.async(count); }},
  };
}

}  // namespace

void measure_brief(subject& with, results& into) {
  {
    hasty_caller ours(with);
    const std::vector<double> took = alternate(ways_of(ours, with));
    const auto row = [&](const char* name, std::size_t value, std::size_t floor, const char* what) {
      into.add({.name = name, .what = what, .value = took[value], .floor = took[floor]});
    };
    row("brief_call", 2, 0,
        "`add(u32, u32)`, declared brief, through `pool::function`, on the caller's thread");
    row("brief_call_here", 2, 1,
        "the same; the floor is the direct call without a fiber, which nothing cuts, `TypedFunc::call`");
    row("brief_async", 3, 0,
        "the same by `async_call` with `start::dispatch` and a chain of completion handlers");
    row("brief_floor", 1, 0, "the direct call without a fiber; the floor is the direct call with one");
  }
  measure_brief_actors(with, into);
}

bool only_brief(subject& with, const std::string& name, const repeat& run) {
  hasty_caller ours(with);
  return run_only(ways_of(ours, with), name, run);
}

}  // namespace holdfast::bench
