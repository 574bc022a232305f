// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <holdfast/host.hpp>
#include <thread>
#include <utility>

#include "core/driving.hpp"
#include "engine/engine_impl.hpp"
#include "host/host_impl.hpp"
#include "host/pool_impl.hpp"

namespace holdfast {

host::impl::impl(engine on, const host_options& how) : with(std::move(on)), options(how) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  threads = std::make_unique<core::workers>(options.workers != 0 ? options.workers : cores);
  functions = std::make_unique<detail::function_threads>(options.function_threads);
  world.emplace(core::environment{time, *threads, deadlines, random,
                                  options.observe != nullptr ? *options.observe : no_observer()});
  runner = [functions = functions.get()](std::function<void()> work) {
    return functions->post(std::move(work));
  };
  heartbeat = with.internals()->ticker.listen([this](time_point now) { deadlines.advance(now); });
}

host::impl::impl(engine on, const host_options& how, core::environment injected, bridge::function_runner runs,
                 std::function<void()> helps)
    : with(std::move(on)), options(how), help(std::move(helps)), world(injected), runner(std::move(runs)) {}

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

void host::impl::shut_down() {
  std::vector<std::shared_ptr<pool::impl>> ending;
  {
    const std::scoped_lock lock(mutex);
    closed = true;
    ending.swap(pools);
  }
  for (const auto& one : ending) one->begin_drain();
  const time_point until = core::later(world->time.now(), options.drain_grace);
  for (const auto& one : ending) one->finish_drain(until);
  if (heartbeat) with.internals()->ticker.forget(*heartbeat);
  functions.reset();
  threads.reset();
}

host::host(engine with, const host_options& options)
    : impl_(std::make_shared<impl>(std::move(with), options)) {}

host::host(std::shared_ptr<impl> made) noexcept : impl_(std::move(made)) {}

host::~host() {
  detail::forbid_inside_callback("a host was destroyed");
  impl_->shut_down();
}

result<pool> host::open(const component& what, pool_options options) {
  const engine_options& engine = impl_->with.options();
  if (options.cells == 0) return error(errc::limit, "a pool needs at least one cell");
  if (options.limits.memory > engine.max_memory)
    return error(errc::limit, "a memory limit of " + std::to_string(options.limits.memory) +
                                  " bytes is over the engine's max_memory of " +
                                  std::to_string(engine.max_memory));
  auto linked = bridge::blueprint::link(what, options, impl_->runner, impl_->world->time);
  if (!linked) return linked.error();

  auto& reserved = impl_->with.internals()->reserved_instances;
  const std::uint64_t cells = options.cells;
  if (const std::uint64_t before = reserved.fetch_add(cells); before + cells > engine.max_instances) {
    reserved.fetch_sub(cells);
    return error(errc::no_resources, std::to_string(cells) + " cells do not fit: " + std::to_string(before) +
                                         " of the " + std::to_string(engine.max_instances) +
                                         " instances of this engine are taken");
  }
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->closed) {
    reserved.fetch_sub(cells);
    return error(errc::draining);
  }
  impl_->pools.reserve(impl_->pools.size() + 1);  // nothing may fail once the cells are open
  auto made = std::make_shared<pool::impl>(impl_, std::move(options), std::move(*linked));
  impl_->pools.push_back(made);
  return pool(std::move(made));
}

}  // namespace holdfast
