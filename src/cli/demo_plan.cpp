// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_plan.hpp"

namespace holdfast::cli::demo {

std::vector<guest_kind> all_guests() {
  return {
      {.name = "order book", .file = "orders.wasm", .language = "C", .cells = 6, .share = 88, .rounds = 800},
      {.name = "counters",
       .file = "counter-js.wasm",
       .language = "JavaScript",
       .cells = 2,
       .share = 4,
       .rounds = 2000},
      {.name = "document",
       .file = "document-py.wasm",
       .language = "Python",
       .cells = 2,
       .share = 4,
       .rounds = 1000},
      {.name = "sleeper",
       .file = "sleeper.wat",
       .language = "text",
       .cells = 4,
       .share = 4,
       .rounds = 0,
       .keeper = false},
  };
}

request dice::roll(std::uint64_t id) {
  request next;
  next.id = id;
  std::uint64_t at = below(100);
  while (next.guest + 1 < guests_.size() && at >= guests_[next.guest].share)
    at -= guests_[next.guest++].share;
  const guest_kind& guest = guests_[next.guest];

  const std::uint64_t fate = below(100);
  if (fate < 5) {
    next.what = deed::trap;
  } else if (fate < 6) {
    next.what = deed::loop;
  } else if (fate < 20) {
    next.what = deed::work_slowly;
  }
  next.rounds = guest.rounds == 0 ? 0 : static_cast<std::uint32_t>(1 + below(guest.rounds));
  if (below(3) == 0) next.how = static_cast<patience>(1 + below(3));
  next.wait = std::chrono::microseconds(below(4000));
  return next;
}

std::string function_of(const guest_kind& guest, const request& what) {
  if (!guest.keeper) return "nap";
  switch (what.what) {
    case deed::work:
      return "place";
    case deed::work_slowly:
      return "place-slowly";
    case deed::trap:
      return "trap";
    case deed::loop:
      return "spin";
  }
  return "place";
}

wit::arguments arguments_of(const guest_kind& guest, const request& what) {
  // The sleeper's host function takes the number for a time: a nap, one that fails, and one that never ends.
  if (!guest.keeper) {
    if (what.what == deed::trap) return args(std::uint64_t{1'000'000'001});
    if (what.what == deed::loop) return args(std::uint64_t{1'000'000'000});
    return args(what.id % 3);
  }
  switch (what.what) {
    case deed::work:
      return args(what.id, "book", static_cast<std::uint32_t>(1 + what.id % 9));
    case deed::work_slowly:
      return args(what.id, what.rounds);
    case deed::trap:
    case deed::loop:
      return args(what.id);
  }
  return {};
}

}  // namespace holdfast::cli::demo
