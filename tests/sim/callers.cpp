// SPDX-License-Identifier: Apache-2.0
#include "sim/callers.hpp"

#include <cstring>
#include <deque>
#include <utility>

#include "core/newcomer.hpp"
#include "core/patient_waiter.hpp"
#include "sim/guest.hpp"

namespace holdfast::sim {
namespace {

/// The end of a call, as somebody reads it.
event end_of(const core::call& which) {
  const core::call_end& end = which.end();
  event what{.what = seen::told,
             .code = static_cast<int>(end.what),
             .call = static_cast<int>(which.id().low),
             .cell = static_cast<int>(end.cell),
             .generation = end.generation,
             .second = end.attempts};
  if (end.value.size() == sizeof(what.number))
    std::memcpy(&what.number, end.value.bytes().data(), sizeof(what.number));
  return what;
}

/// The same of one that nobody else ever knew of.
event end_of(int number, const core::newcomer& which) {
  event what{.what = seen::told,
             .code = static_cast<int>(which.what),
             .call = number,
             .cell = static_cast<int>(which.cell),
             .generation = which.generation,
             .second = which.what == outcome::completed ? 1U : 0U};
  if (which.value.size() == sizeof(what.number))
    std::memcpy(&what.number, which.value.bytes().data(), sizeof(what.number));
  return what;
}

/// Core's own patient waiter, which writes down what it is told.
class sim_waiter final : public core::patient_waiter {
 public:
  sim_waiter(world& in, const boost::intrusive_ptr<sim_call>& asked)
      : patient_waiter(in.env, asked), in_(in), call_(asked->number()), number_(in.next_waiter++) {
    ++in_.waiters_alive;
  }
  ~sim_waiter() override { --in_.waiters_alive; }

  bool attach() {
    in_.note(about(seen::attaching));
    const bool waits = begin();
    settled_ = settled_ || !waits;
    event then = about(seen::attached);
    then.code = waits ? 1 : 0;
    in_.note(then);
    return waits;
  }

  /// The call was accepted.
  void wait_for(duration patience) {
    if (patience != no_limit) {
      event until = about(seen::patient);
      until.number =
          static_cast<std::uint64_t>((core::later(in_.now(), patience) - world::start_of_time).count());
      in_.note(until);
    }
    accepted(patience);
  }

  void stop(act::kind how) {
    in_.note(about(seen::leaving));
    if (how == act::kind::leave) return leave();
    if (how == act::kind::withdraw) return withdraw();
    abandon();
    // It may have been told just before, and will not say.
    settled_ = true;
    event then = about(seen::left);
    then.code = 2;
    in_.note(then);
  }

  void was_refused() {
    in_.note(about(seen::leaving));
    forget();
    settled_ = true;
    event then = about(seen::left);
    then.code = 1;
    in_.note(then);
  }

  /// It was told, has left, or came too late.
  bool settled() const noexcept { return settled_; }

  void then_submit(int plan_index) noexcept { in_callback_ = plan_index; }

 private:
  event about(seen what) const { return {.what = what, .call = call_, .waiter = number_}; }

  void told(bool left) noexcept override {
    in_.on.boundary();
    if (left) {
      event then = about(seen::left);
      then.code = 1;
      in_.note(then);
    } else {
      event then = end_of(asked());
      then.waiter = number_;
      in_.note(then);
      const int next = std::exchange(in_callback_, -1);
      if (next >= 0 && !in_.planned.calls[static_cast<std::size_t>(next)].dropped) submit_only(in_, next, -1);
      asked().read(*in_.kept, core::call::reading::last);
    }
    settled_ = true;
  }

  world& in_;
  const int call_;
  const int number_;
  int in_callback_ = -1;
  bool settled_ = false;
};

/// One who has a reference to a call and does something with it.
class hand {
 public:
  hand(world& in, boost::intrusive_ptr<sim_call> asked) : in_(in), asked_(std::move(asked)) {}

  /// True: it waits.
  bool attach() {
    boost::intrusive_ptr<sim_waiter> made(new sim_waiter(in_, asked_));
    if (!made->attach()) {
      read(core::call::reading::last);
      return false;
    }
    waiters_.push_back(std::move(made));
    return true;
  }

  void do_all(const std::vector<act>& what) {
    for (const act& each : what) {
      in_.on.boundary();
      do_one(each);
    }
  }

  /// The call was refused: nobody will be told.
  void forget_all() {
    for (; !waiters_.empty(); waiters_.pop_front()) waiters_.front()->was_refused();
  }

  /// A ticket: while there is one the call is not left.
  void claim() {
    asked_->claim();
    ++claims_;
  }
  /// It was done before anybody could wait for it.
  void read_end() { read(core::call::reading::last); }

  void drop_claims() {
    for (; claims_ > 0; --claims_) {
      in_.note({.what = seen::abandoned, .call = asked_->number()});
      asked_->abandon();
    }
  }

  sim_waiter& first() { return *waiters_.front(); }

  void wait() {
    if (waiters_.empty()) {
      if (!attach()) return;
      waiters_.back()->wait_for(no_limit);
    }
    in_.on.wait([this] {
      for (const auto& each : waiters_)
        if (!each->settled()) return false;
      return true;
    });
    waiters_.clear();
  }

 private:
  void do_one(const act& what) {
    const int number = asked_->number();
    switch (what.what) {
      case act::kind::attach:
        if (attach()) waiters_.back()->wait_for(asked_->planned().patience);
        break;
      case act::kind::leave:
      case act::kind::withdraw:
      case act::kind::forsake: {
        if (waiters_.empty()) break;
        const auto who = std::move(waiters_.front());
        waiters_.pop_front();
        who->stop(what.what);
        break;
      }
      case act::kind::wait:
        wait();
        break;
      case act::kind::revoke: {
        in_.note({.what = seen::revoking, .call = number});
        const revoke_answer said = asked_->revoke();
        in_.note({.what = seen::revoke_said, .code = static_cast<int>(said), .call = number});
        break;
      }
      case act::kind::kill: {
        in_.note({.what = seen::killing, .call = number});
        const bool said = asked_->kill() != kill_answer::done;
        in_.note({.what = seen::kill_said, .code = said ? 1 : 0, .call = number});
        break;
      }
      case act::kind::pause:
        in_.sleep(what.length);
        break;
      case act::kind::find: {
        const boost::intrusive_ptr<core::call> found = in_.kept->find(asked_->id());
        in_.note({.what = seen::found, .code = found != nullptr ? 1 : 0, .call = number});
        if (found != nullptr) claim();
        break;
      }
      case act::kind::read:
        if (asked_->phase() == call_phase::done) read(core::call::reading::again);
        break;
      case act::kind::abandon:
        drop_claims();
        break;
    }
    in_.sample(asked_->planned().pool);
  }

  void read(core::call::reading how) {
    in_.note(end_of(*asked_));
    asked_->read(*in_.kept, how);
  }

  world& in_;
  const boost::intrusive_ptr<sim_call> asked_;
  std::deque<boost::intrusive_ptr<sim_waiter>> waiters_;
  int claims_ = 0;
};

boost::intrusive_ptr<sim_call> prepare(world& in, int plan_index, int parent) {
  const call_plan& how = in.planned.calls[static_cast<std::size_t>(plan_index)];
  const int number = in.next_call++;
  core::call_terms terms{.deadline = core::later(in.now(), how.deadline),
                         .run_limit = how.run_limit,
                         .grace = how.grace,
                         .bound = how.bound,
                         .findable = how.findable,
                         .attempts = how.attempts,
                         .repeatable = how.repeatable};
  event asked{.what = seen::asked, .call = number, .pool = how.pool, .parent = parent};
  asked.attempts = static_cast<int>(how.attempts);
  if (how.pinned) {
    const auto& cell = *in.pools[static_cast<std::size_t>(how.pool)].cells.front();
    const std::uint64_t generation = cell.generation();
    terms.only_in = core::home{cell.number(), generation - (how.stale && generation > 1 ? 1 : 0)};
    asked.cell = static_cast<int>(terms.only_in->cell);
    asked.generation = terms.only_in->generation;
  }
  asked.code = (how.bound ? trait::bound : 0) | (how.good ? trait::good : 0) |
               (how.repeatable ? trait::repeatable : 0) | (how.pinned ? trait::pinned : 0) |
               (how.guest.what == guest_plan::kind::unsuitable ? trait::unsuitable : 0) |
               (how.guest.alone ? trait::alone : 0) | (how.guest.tail != 0 ? trait::goes_on : 0) |
               (how.key >= 0 && parent < 0 && in.records != nullptr ? trait::journalled : 0);
  asked.number = terms.deadline == time_point::max()
                     ? static_cast<std::uint64_t>(duration::max().count())
                     : static_cast<std::uint64_t>((terms.deadline - world::start_of_time).count());
  asked.second = static_cast<std::uint64_t>(how.run_limit.count());
  asked.third = static_cast<std::uint64_t>(how.grace.count());
  asked.bytes = how.bytes;
  asked.key = parent < 0 ? how.key : -1;
  asked.request = how.request;
  in.note(asked);
  return boost::intrusive_ptr<sim_call>(new sim_call(in, number, plan_index, terms));
}

core::key_print print_of(const call_plan& how) {
  core::key_print made{};
  made[0] = static_cast<std::byte>(how.pool);
  made[1] = static_cast<std::byte>(how.key);
  return made;
}

core::request_hash request_of(const call_plan& how) {
  core::request_hash made{};
  made[0] = static_cast<std::byte>(how.request);
  return made;
}

/// The call that stands for the key, joined. Null: the key is new, or another request's, and then `refused`.
boost::intrusive_ptr<sim_call> join(world& in, const call_plan& how, bool& refused) {
  for (;;) {
    in.on.boundary();
    const auto known = in.keys->look(print_of(how), request_of(how), false);
    refused = known.refused.has_value();
    if (refused) in.note({.what = seen::conflict, .pool = how.pool, .key = how.key, .request = how.request});
    if (known.joins == nullptr) return nullptr;
    auto found = boost::static_pointer_cast<sim_call>(known.joins);
    event joins{.what = seen::joining,
                .code = how.bound ? 0 : 1,
                .call = found->number(),
                .pool = how.pool,
                .key = how.key,
                .request = how.request};
    in.note(joins);
    const bool has = found->join(!how.bound);
    joins.what = has ? seen::joined : seen::unjoined;
    in.note(joins);
    if (has) return found;
  }
}

bool admit(world& in, const boost::intrusive_ptr<sim_call>& asked) {
  const call_plan& how = asked->planned();
  std::optional<stage::quiet> quiet;
  if (how.quiet) quiet.emplace(in.on);
  const auto refused = in.pools[static_cast<std::size_t>(how.pool)].box->admit(asked, how.how);
  in.note({.what = seen::answered,
           .code = asked->is_second() ? outrun
                   : refused          ? refused->code.value()
                                      : 0,
           .call = asked->number(),
           .pool = how.pool});
  in.sample(how.pool);
  return !refused;
}

class sim_newcomer final : public core::newcomer {
 public:
  sim_newcomer(hand& own, const boost::intrusive_ptr<sim_call>& asked)
      : newcomer(asked->id(), asked->function()), own_(own), asked_(asked) {
    arguments_ = asked->arguments();
    key_ = asked->key();
    weight_ = asked->bytes();
    deadline_ = asked->terms().deadline;
    run_limit_ = asked->terms().run_limit;
  }

 private:
  boost::intrusive_ptr<core::call> become() noexcept override { return asked_; }
  void join() noexcept override {
    own_.attach();
    own_.first().then_submit(asked_->planned().in_callback);
  }

  hand& own_;
  const boost::intrusive_ptr<sim_call> asked_;
};

enum class passage {
  none,
  taken,  ///< it was accepted, and is done or waited for
  over,   ///< it is done, and there is no call that anybody could have a hand in
};

/// Past the queue, into the first cell that is idle.
passage hand_over(world& in, hand& own, const boost::intrusive_ptr<sim_call>& asked) {
  const call_plan& how = asked->planned();
  if (how.how != start::dispatch || !how.bound || how.findable || how.pinned) return passage::none;
  event tries{.what = seen::handing, .call = asked->number()};
  in.note(tries);
  sim_newcomer next(own, asked);
  auto became = core::handed::untaken;
  for (const auto& cell : in.pools[static_cast<std::size_t>(how.pool)].cells) {
    in.on.boundary();
    became = cell->hand_over(next);
    if (became != core::handed::untaken) break;
  }
  tries.code = became == core::handed::untaken ? 1 : 0;
  if (tries.code != 0) in.note(tries);
  if (became == core::handed::untaken) return passage::none;
  in.note({.what = seen::answered, .call = asked->number(), .pool = how.pool});
  in.sample(how.pool);
  if (became == core::handed::goes_on) {
    own.first().wait_for(how.patience);
  } else if (next.made() != nullptr) {
    own.read_end();
  } else {
    in.note(end_of(asked->number(), next));
    return passage::over;
  }
  return passage::taken;
}

/// Does with a call that it has joined what its own caller would do.
void join_in(world& in, const call_plan& how, const boost::intrusive_ptr<sim_call>& joined) {
  hand own(in, joined);
  if (how.joined && own.attach()) own.first().wait_for(how.patience);
  in.note({.what = seen::unjoined, .code = 1, .call = joined->number()});  // its wait may be over at once
  joined->unjoin();
  own.do_all(how.own);
  own.drop_claims();
}

void make_call(world& in, int plan_index) {
  const call_plan& how = in.planned.calls[static_cast<std::size_t>(plan_index)];
  in.sleep(how.before);
  if (how.key >= 0) {
    bool refused = false;
    if (const auto joined = join(in, how, refused)) return join_in(in, how, joined);
    if (refused) return;
  }
  const auto asked = prepare(in, plan_index, -1);
  if (how.key >= 0) asked->stand_for({.of = in.keys, .print = print_of(how), .request = request_of(how)});
  hand own(in, asked);
  const passage went = how.key >= 0 ? passage::none : hand_over(in, own, asked);
  if (went == passage::over) return;
  if (went == passage::none) {
    if (how.joined) {
      own.attach();
      own.first().then_submit(how.in_callback);
    } else {
      own.claim();
    }
    if (!admit(in, asked)) {
      own.forget_all();
      return asked->is_second() ? make_call(in, plan_index) : void();
    }
    if (how.joined) own.first().wait_for(how.patience);
  }
  for (const auto& acts : how.others) {
    ++in.callers;
    in.on.spawn("other of call " + std::to_string(asked->number()), [&in, asked, &acts]() mutable {
      {
        hand one(in, std::move(asked));
        one.do_all(acts);
        one.drop_claims();
      }
      --in.callers;
    });
  }
  own.do_all(how.own);
  own.drop_claims();
}

}  // namespace

void call_and_wait(world& in, int plan_index, int parent) {
  const auto asked = prepare(in, plan_index, parent);
  hand own(in, asked);
  own.attach();
  if (admit(in, asked)) {
    own.first().wait_for(no_limit);
    own.wait();
  } else {
    own.forget_all();
  }
}

void submit_only(world& in, int plan_index, int parent) {
  const auto asked = prepare(in, plan_index, parent);
  admit(in, asked);
}

void spawn_caller(world& in, int number) {
  ++in.callers;
  in.on.spawn("caller " + std::to_string(number), [&in, number] {
    for (const int each : in.planned.callers[static_cast<std::size_t>(number)])
      if (!in.planned.calls[static_cast<std::size_t>(each)].dropped) make_call(in, each);
    --in.callers;
  });
}

void spawn_ghost(world& in, const ghost& what) {
  std::vector<boost::intrusive_ptr<core::cell>> cells;
  for (const auto& each : in.pools) cells.insert(cells.end(), each.cells.begin(), each.cells.end());
  ++in.callers;
  in.on.spawn("ghost", [&in, after = what.after, cell = cells[what.cell % cells.size()]]() mutable {
    in.sleep(after);
    cell->wake();
    cell.reset();
    --in.callers;
  });
}

void spawn_pool_act(world& in, const pool_act& what) {
  ++in.callers;
  in.on.spawn("pool act", [&in, what] {
    in.sleep(what.after);
    in.drain(what.pool);
    if (what.what == pool_act::kind::close) in.close(what.pool);
    --in.callers;
  });
}

}  // namespace holdfast::sim
