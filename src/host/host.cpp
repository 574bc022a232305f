// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/asio/system_executor.hpp>
#include <cstdio>
#include <cstdlib>
#include <holdfast/host.hpp>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "core/driving.hpp"
#include "engine/engine_impl.hpp"
#include "host/actors_impl.hpp"
#include "host/host_impl.hpp"
#include "host/pool_impl.hpp"
#include "host/recovery.hpp"
#include "host/ticket_impl.hpp"

namespace holdfast {
namespace {

constexpr std::chrono::seconds longest_flush(5);  // of a journal, at the end of a drain

}  // namespace

host::impl::impl(engine on, const host_options& how) : with(std::move(on)), options(how) {
  if (with.internals()->began.forked()) throw std::system_error(make_error_code(errc::forked));
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  threads = std::make_unique<core::workers>(options.workers != 0 ? options.workers : cores);
  functions = std::make_unique<detail::function_threads>(
      options.function_threads,
      detail::function_limits{.stuck = options.stuck_functions, .bytes = options.function_bytes},
      options.observe);
  world.emplace(core::environment{.time = time,
                                  .run = *threads,
                                  .deadlines = deadlines,
                                  .random = random,
                                  .observe = options.observe != nullptr ? *options.observe : no_observer(),
                                  .watched = options.observe != nullptr});
  keep_calls();
  try {
    if (writer != nullptr) writer->start();
    runner = [functions = functions.get()](bridge::function_job work) { functions->post(std::move(work)); };
    heartbeat = with.internals()->ticker.listen([this](time_point now) { deadlines.advance(now); });
  } catch (...) {
    keys->close();
    throw;
  }
}

host::impl::impl(engine on, const host_options& how, core::environment injected, bridge::function_runner runs,
                 std::function<void()> helps, detail::journal_writer::clock clock)
    : with(std::move(on)),
      options(how),
      help(std::move(helps)),
      world(injected),
      wall(std::move(clock)),
      runner(std::move(runs)) {
  keep_calls();
}

void host::impl::keep_calls() {
  kept.reset(new core::parking(*world, options.parking));
  world->kept = kept.get();
  if (options.journal != nullptr)
    writer = std::make_unique<detail::journal_writer>(options.journal, options.keys, wall, world->observe);
  states = writer != nullptr ? writer->states() : std::make_shared<detail::actor_states>(nullptr);
  timers = writer != nullptr ? writer->timers() : std::make_shared<detail::actor_timers>(wall, nullptr);
  keys.reset(new core::keys(*world, options.keys, writer != nullptr ? writer->records() : nullptr));
  if (writer == nullptr) return;
  recovered = std::make_unique<detail::recovery>();
  auto failed = timers->load(writer->to());
  if (!failed) failed = recovered->load(*this);
  if (failed) {
    keys->close();  // its calls hold it
    throw std::system_error(failed->code, failed->message());
  }
}

// What no name begins with keeps those without one apart.
std::string host::impl::scope_of(const std::string& name) {
  return !name.empty() ? name : std::string(1, '\0') + std::to_string(next_scope++);
}

void host::impl::flush_journal() const {
  if (writer != nullptr) writer->flush(longest_flush);
}

host::impl::~impl() = default;

bool host::impl::wait_deserted(core::mailbox& box, time_point until) const {
  if (help == nullptr) {
    const time_point now = time.now();
    return box.wait_deserted(until == time_point::max() ? duration(std::chrono::hours(24 * 365))
                                                        : until - now);
  }
  while (!box.deserted()) {
    if (world->time.now() >= until) return false;
    help();
  }
  return true;
}

namespace detail {

void forbid_inside_callback(const char* what) noexcept {
  if (!core::driving_mark::here()) return;
  std::fprintf(stderr, "holdfast: %s inside a callback, on a thread that it waits for\n", what);
  std::abort();
}

}  // namespace detail

boost::asio::any_io_executor host::impl::callback_executor() const {
  if (options.callbacks) return options.callbacks;
  return boost::asio::system_executor();
}

void host::impl::drain(duration grace) {
  std::vector<std::shared_ptr<pool::impl>> ending;
  std::vector<std::shared_ptr<actors::impl>> ending_actors;
  {
    const std::scoped_lock lock(mutex);
    closed = true;
    ending.swap(pools);
    ending_actors.swap(groups);
    ending_pools.insert(ending_pools.end(), ending.begin(), ending.end());
    ending_groups.insert(ending_groups.end(), ending_actors.begin(), ending_actors.end());
  }
  for (const auto& one : ending) one->begin_drain();
  for (const auto& one : ending_actors) one->begin_drain();
  const time_point until = core::later(world->time.now(), grace);
  for (const auto& one : ending) one->finish_drain(until);
  for (const auto& one : ending_actors) one->finish_drain(until);
  {
    const std::scoped_lock lock(mutex);
    std::erase_if(ending_pools,
                  [&](const auto& each) { return std::ranges::find(ending, each) != ending.end(); });
    std::erase_if(ending_groups, [&](const auto& each) {
      return std::ranges::find(ending_actors, each) != ending_actors.end();
    });
  }
  flush_journal();
}

void host::impl::shut_down() {
  drain(options.drain_grace);
  if (writer != nullptr) writer->stop(duration::zero());
  keys->close();
  kept->close();
  if (heartbeat) with.internals()->ticker.forget(*heartbeat);
  functions.reset();
  threads.reset();
}

host::host(engine with, const host_options& options)
    : impl_(std::make_shared<impl>(std::move(with), options)) {}

host::host(std::shared_ptr<impl> made) noexcept : impl_(std::move(made)) {}

host::~host() {
  if (impl_->began.forked()) {
    // Its threads and what they held are the parent's: nothing here can be ended or waited for.
    new std::shared_ptr(impl_);
    return;
  }
  detail::forbid_inside_callback("a host was destroyed");
  impl_->shut_down();
}

result<pool> host::open(const component& what, pool_options options) {
  if (impl_->began.forked()) return error(errc::forked);
  auto first = detail::edition::make(*impl_, what, options);
  if (!first) return first.error();
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->closed) return error(errc::draining);
  impl_->pools.reserve(impl_->pools.size() + 1);  // nothing may fail once the cells are open
  const auto& edition = *first;
  std::string scope = impl_->scope_of(options.name);
  auto made = std::make_shared<pool::impl>(impl_, std::move(options), edition, std::move(scope));
  impl_->pools.push_back(made);
  edition->open();
  if (impl_->recovered != nullptr) impl_->recovered->resume(*made, *edition);
  return pool(std::move(made));
}

result<actors> host::open_actors(const component& what, actor_options options) {
  if (impl_->began.forked()) return error(errc::forked);
  auto made = actors::impl::make(impl_, what, std::move(options));
  if (!made) return made.error();
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->closed) return error(errc::draining);
    const auto same = [&](const auto& each) {
      return !each->options.name.empty() && each->options.name == (*made)->options.name;
    };
    if (std::ranges::any_of(impl_->groups, same))
      return error(errc::bad_arguments,
                   "actors of the name `" + (*made)->options.name + "` are open already");
    impl_->groups.push_back(*made);
  }
  if (impl_->recovered != nullptr) impl_->recovered->resume(**made);
  (*made)->begin_timers();
  return actors(*std::move(made));
}

result<ticket> host::attach(const call_id& id) const {
  if (impl_->began.forked()) return error(errc::forked);
  auto found = impl_->kept->find(id);
  if (found == nullptr) found = impl_->keys->find(id);
  if (found == nullptr && impl_->recovered != nullptr && impl_->recovered->waits_for(id))
    return impl_->unknown(id);
  if (found == nullptr) found = impl_->keys->find(id);  // its pool was opened just now
  if (found == nullptr) return impl_->unknown(id);
  // Every call that a host keeps is one of its pools'.
  boost::intrusive_ptr<detail::pool_call> asked(static_cast<detail::pool_call*>(found.get()));
  return ticket(std::make_shared<const ticket::impl>(std::move(asked), impl_, core::call::reading::again));
}

boost::intrusive_ptr<core::call> host::impl::find_any(const call_id& id) {
  if (auto found = kept->find(id)) return found;
  if (auto found = keys->find(id)) return found;
  std::vector<std::shared_ptr<pool::impl>> of_pools;
  std::vector<std::shared_ptr<actors::impl>> of_actors;
  {
    const std::scoped_lock lock(mutex);
    of_pools = pools;
    of_pools.insert(of_pools.end(), ending_pools.begin(), ending_pools.end());
    of_actors = groups;
    of_actors.insert(of_actors.end(), ending_groups.begin(), ending_groups.end());
  }
  for (const auto& each : of_pools)
    if (auto found = each->find(id)) return found;
  for (const auto& each : of_actors)
    if (auto found = each->find(id)) return found;
  return nullptr;
}

error host::impl::unknown(const call_id& id) const {
  if (recovered != nullptr)
    if (const auto pool = recovered->waits_for(id))
      return error(errc::gone, "call " + id.to_string() +
                                   " was accepted before the host was started again, " +
                                   "and goes on when the pool `" + *pool + "` is opened");
  return error(errc::gone, "no call " + id.to_string() + " is known here");
}

result<revoke_answer> host::revoke(const call_id& id) const {
  if (impl_->began.forked()) return error(errc::forked);
  const auto found = impl_->find_any(id);
  if (found == nullptr) return impl_->unknown(id);
  return found->revoke();
}

result<kill_answer> host::kill(const call_id& id) const {
  if (impl_->began.forked()) return error(errc::forked);
  const auto found = impl_->find_any(id);
  if (found == nullptr) return impl_->unknown(id);
  return found->kill();
}

orphan_figures host::orphans() const { return impl_->kept->figures(); }

void host::drain(duration grace) const {
  if (impl_->began.forked()) return;
  detail::forbid_inside_callback("a host was drained");
  impl_->drain(grace);
}

}  // namespace holdfast
