// SPDX-License-Identifier: Apache-2.0
#include "host/recovery.hpp"

#include <algorithm>
#include <utility>

#include "host/actors_impl.hpp"
#include "host/edition.hpp"
#include "host/journal_digest.hpp"
#include "host/journal_writer.hpp"
#include "host/pool_call.hpp"
#include "host/pool_impl.hpp"

namespace holdfast::detail {
namespace {

// Of a process that died with one attempt more than its record says, perhaps.
core::call_end lost(std::string why, unsigned attempts_before) {
  return {.what = outcome::lost_in_crash,
          .code = errc::lost_in_crash,
          .attempts = attempts_before + 1,
          .detail = std::move(why)};
}

// So many processes may die while one call runs: it may be what kills them.
constexpr unsigned most_processes = 8;

constexpr const char* not_twice =
    "the process ended before the call did, and its export is not declared idempotent or read-only";

}  // namespace

// The records of one journal, on their way into memory.
struct recovery::read_in {
  struct done {
    std::chrono::system_clock::time_point at;
    boost::intrusive_ptr<pool_call> call;
  };

  explicit read_in(host::impl& into) : of(into), now(into.writer->now()) {}

  // Records of one export share what they say of it.
  const std::shared_ptr<const keyed_export>& export_of(const journal_record& what) {
    // Of an actor they have its key too, and are its alone.
    auto& known = exports[detail::export_of(what) + '\0' + std::string(what.actor)];
    if (known == nullptr)
      known = std::make_shared<const keyed_export>(what.pool, what.actor, what.function, what.result_type);
    return known;
  }

  std::optional<error> result_of(const keyed_export& which, std::optional<wit::type>& into) {
    if (which.result_type.empty()) return std::nullopt;
    auto& known = types[&which];
    if (!known) {
      auto read = wit::decode_type(which.result_type);
      if (!read)
        return error(errc::bad_journal,
                     "the journal has a type that cannot be read: " + read.error().message());
      known = *std::move(read);
    }
    into = known;
    return std::nullopt;
  }

  void add_done(const journal_record& what) {
    const auto& by = export_of(what);
    std::optional<wit::type> result;
    if ((wrong = result_of(*by, result))) return;
    core::call_end end{.what = what.what,
                       .code = what.code,
                       .cell = what.cell,
                       .generation = what.generation,
                       .attempts = what.attempts,
                       .state_lost = what.state_lost,
                       .value = core::buffer::copy_of(what.value),
                       .detail = std::string(what.detail),
                       .backtrace = std::string(what.backtrace)};
    all.push_back({what.at, make(what.call, by, std::move(result), what, std::move(end))});
  }

  boost::intrusive_ptr<pool_call> make(const call_id& id, const std::shared_ptr<const keyed_export>& by,
                                       std::optional<wit::type> result, const journal_record& what,
                                       core::call_end end) {
    boost::intrusive_ptr<pool_call> call(new pool_call(*of.world, id, std::move(result), what.name));
    call->is_of(by, no_limit);
    call->stand_for({.of = of.keys, .print = what.key, .request = what.request});
    call->was_done(std::move(end));
    return call;
  }

  host::impl& of;
  const std::chrono::system_clock::time_point now;
  std::unordered_map<std::string, std::shared_ptr<const keyed_export>> exports;
  std::unordered_map<const keyed_export*, std::optional<wit::type>> types;
  std::vector<done> all;
  std::vector<boost::intrusive_ptr<pool_call>> lost_now;
  std::optional<error> wrong;
};

std::optional<error> recovery::load(host::impl& into) {
  read_in in(into);
  auto failed = into.writer->to().read([&](const journal_record& each) {
    if (in.wrong) return;
    if (each.done) return in.add_done(each);
    const auto ago = std::chrono::duration_cast<duration>(in.now - each.at);
    // An actor's may be a timer's, which goes with the outcome.
    if (ago >= into.options.keys.time && (each.arguments || each.actor.empty())) {
      into.writer->records()->forgets(each.key, each.call);
      return;
    }
    if (each.arguments) {
      const std::string pool(each.pool);
      pools_.emplace(each.call, pool);
      waiting_[pool].push_back({.key = each.key,
                                .call = each.call,
                                .request = each.request,
                                .actor = std::string(each.actor),
                                .function = std::string(each.function),
                                .name = std::string(each.name),
                                .arguments = {each.arguments->begin(), each.arguments->end()},
                                .result_type = {each.result_type.begin(), each.result_type.end()},
                                .deadline = each.deadline,
                                .run_limit = each.run_limit,
                                .attempts = each.attempts});
      return;
    }
    auto call = in.make(each.call, in.export_of(each), std::nullopt, each, lost(not_twice, each.attempts));
    in.lost_now.push_back(call);
    in.all.push_back({in.now, std::move(call)});
  });
  if (!failed) failed = in.wrong;
  if (failed) return failed;
  std::ranges::sort(in.all, {}, &read_in::done::at);
  for (const auto& each : in.all) {
    const auto ago = std::chrono::duration_cast<duration>(in.now - each.at);
    if (!into.keys->recall(*each.call, ago))
      into.writer->records()->forgets(each.call->claim_of_key()->print, each.call->id());
  }
  return write_lost(in);
}

// So that it ends now, and not again in each process to come.
std::optional<error> recovery::write_lost(read_in& in) {
  constexpr std::size_t at_once = 1024;
  for (std::size_t i = 0; i < in.lost_now.size(); i += at_once) {
    core::records::batch next;
    std::vector<journal_record> some;
    for (std::size_t k = i; k < std::min(i + at_once, in.lost_now.size()); ++k) {
      next.items.push_back({.of = in.lost_now[k], .ended = true, .awaited = false});
      some.push_back(record_of(next.items.back(), in.now));
    }
    const std::vector<timer_change> changes = in.of.timers->collect(next);
    std::vector<journal_timer> timers;
    for (const timer_change& each : changes) timers.push_back(record_of(each));
    auto failed = in.of.writer->to().commit({.kept = some, .timers = timers});
    if (failed && failed->code == make_error_code(errc::journal_full)) return std::nullopt;  // the next does
    if (failed) return failed;
  }
  return std::nullopt;
}

std::vector<recovery::unfinished> recovery::take(const std::string& name, bool of_actors) {
  std::vector<unfinished> mine;
  const std::scoped_lock lock(mutex_);
  const auto found = waiting_.find(name);
  if (name.empty() || found == waiting_.end()) return mine;
  std::vector<unfinished>& all = found->second;
  const auto others = std::ranges::stable_partition(
      all, [&](const unfinished& each) { return each.actor.empty() == of_actors; });
  mine.assign(std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
  all.erase(others.begin(), others.end());
  if (all.empty()) waiting_.erase(found);
  return mine;
}

// What does not go on waits for the next pool of the name.
void recovery::settle(const std::string& name, unfinished&& what, bool goes_on) {
  const std::scoped_lock lock(mutex_);
  if (goes_on) {
    pools_.erase(what.call);
  } else {
    waiting_[name].push_back(std::move(what));
  }
}

void recovery::resume(const pool::impl& in, edition& on) {
  for (unfinished& each : take(in.options.name, false)) {
    const bool goes_on = run_again(in, on, each);
    settle(in.options.name, std::move(each), goes_on);
  }
}

void recovery::resume(actors::impl& in) {
  for (unfinished& each : take(in.options.name, true)) {
    const auto which = in.at(each.actor).value();  // a key that was accepted once
    std::optional<bool> goes_on;
    while (!goes_on) {
      const auto here = in.awaken(*which, true);
      // It may be given up meanwhile, as by any other call (`pool::impl::admission`).
      here->admitting.fetch_add(1);
      if (here->refuses) {
        goes_on = false;
      } else if (!here->superseded.load() || which->current.load() == here) {
        goes_on = run_again(*which, *here, each);
      }
      here->admitting.fetch_sub(1);
    }
    settle(in.options.name, std::move(each), *goes_on);
  }
}

std::optional<std::string> recovery::waits_for(const call_id& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = pools_.find(id);
  if (found == pools_.end()) return std::nullopt;
  return found->second;
}

bool recovery::run_again(const pool::impl& in, edition& on, const unfinished& what) {
  host::impl& of = *in.owner;
  const auto lose = [&](std::string why) { return give_up(of, in.options.name, what, std::move(why)); };
  const auto found = on.what.world().find_export(what.function);
  if (!found) return lose("its export is gone: " + found.error().message());
  const wit::function& target = **found;
  if (!target.contract.retry_safe()) return lose(not_twice);
  const auto& by = on.exports.of(in.key_scope, on.what.world(), target);
  if (by->request_of(what.arguments) != what.request)
    return lose("its export has other types than when the call was accepted");
  if (what.attempts >= most_processes)
    return lose(std::to_string(what.attempts) + " processes have ended while the call was under way");
  checked_request asked{.of = &target, .arguments = call_arguments(wit::packed_args::of(what.arguments))};
  const auto made =
      in.make(std::move(asked), {.key = what.name, .deadline = what.deadline, .run_limit = what.run_limit},
              {}, what.call);
  made->is_of(by, what.deadline);
  made->stand_for({.of = of.keys, .print = what.key, .request = what.request});
  made->go_on_from(lost("the process ended before the call did, and it was not run again", what.attempts));
  return on.box->admit_recalled(made);
}

bool recovery::give_up(host::impl& of, const std::string& pool, const unfinished& what, std::string why) {
  const boost::intrusive_ptr<pool_call> made(new pool_call(*of.world, what.call, std::nullopt, what.name));
  made->is_of(std::make_shared<const keyed_export>(pool, what.actor, what.function, what.result_type),
              no_limit);
  made->stand_for({.of = of.keys, .print = what.key, .request = what.request});
  made->go_on_from(lost(std::move(why), what.attempts));
  return made->end_recalled();
}

}  // namespace holdfast::detail
