// SPDX-License-Identifier: Apache-2.0
#include "host/edition.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "engine/component_impl.hpp"
#include "engine/engine_impl.hpp"
#include "host/outbound.hpp"

namespace holdfast::detail {
namespace {

constexpr std::chrono::seconds longest_grace(60);
constexpr std::size_t most_tried = 8;  // cells, before a call is queued: there the idle ones are known

core::environment told_by(const core::environment& world, observer& observe) noexcept {
  return {world.time, world.run, world.deadlines, world.random, observe, world.kept, world.watched};
}

// Where this thread stands among all, in 2^32nds: one after the other falls into the widest gap that those
// before have left. Never 0, which says that it is not chosen yet.
std::uint64_t share_of_thread() noexcept {
  static std::atomic<std::uint32_t> threads{0};
  constinit thread_local std::uint32_t share = 0;
  if (share == 0) share = (threads.fetch_add(1) + 1) * 2'654'435'769U;  // 2^32 by the golden ratio
  return share;
}

}  // namespace

result<reservation> reservation::make(const engine& from, std::uint32_t count) {
  auto& reserved = from.internals()->reserved_instances;
  const std::uint64_t most = from.options().max_instances;
  if (const std::uint64_t before = reserved.fetch_add(count); before + count > most) {
    reserved.fetch_sub(count);
    return error(errc::no_resources,
                 std::to_string(count) + " cells and spares do not fit: " + std::to_string(before) +
                     " of the " + std::to_string(most) + " instances of this engine are taken");
  }
  return reservation(from, count);
}

reservation::reservation(reservation&& other) noexcept
    : from_(other.from_), count_(std::exchange(other.count_, 0)) {}

void reservation::give_back() noexcept {
  from_.internals()->reserved_instances.fetch_sub(std::exchange(count_, 0));
}

result<std::unique_ptr<bridge::blueprint>> edition::link(host::impl& owner, const component& what,
                                                         const pool_options& options,
                                                         std::optional<std::size_t> tape_bytes) {
  const engine_options& engine = owner.with.options();
  if (options.stop_grace > longest_grace)
    return error(errc::limit, "a stop_grace of more than " + std::to_string(longest_grace.count()) +
                                  " s would let a guest that does not listen hold up the end of its host");
  if (options.limits.memory > engine.max_memory)
    return error(errc::limit, "a memory limit of " + std::to_string(options.limits.memory) +
                                  " bytes is over the engine's max_memory of " +
                                  std::to_string(engine.max_memory));
  pool_options with = options;
  with.functions = offered_with_calls(owner, what, options);
  return bridge::blueprint::link(what, with, owner.runner, owner.world->time, tape_bytes);
}

result<std::shared_ptr<edition>> edition::make(host::impl& owner, const component& what,
                                               const pool_options& options) {
  if (options.cells == 0) return error(errc::limit, "a pool needs at least one cell");
  if (options.sharing.calls == 0 || options.sharing.beside_hasty == 0)
    return error(errc::limit, "an instance has at least one call in flight: `sharing` says none");
  auto linked = link(owner, what, options);
  if (!linked) return linked.error();
  const std::uint64_t wanted = std::uint64_t{options.cells} + options.rebuild.spares;
  if (wanted > std::numeric_limits<std::uint32_t>::max())
    return error(errc::no_resources, std::to_string(wanted) + " instances are more than any engine has");
  auto instances = reservation::make(owner.with, static_cast<std::uint32_t>(wanted));
  if (!instances) return instances.error();
  const bool shares = (*linked)->shares();
  const core::mailbox_limits limits{options.queue_depth, options.queue_bytes, options.call_bytes};
  std::shared_ptr<edition> made(new edition(owner, what, std::move(*linked), options.cells, limits,
                                            options.retry, std::move(*instances), options.name, {}, {}));
  if (options.rebuild.spares > 0)
    made->spares.reset(new core::spares(made->world, made->box, *made->maker, options.rebuild));
  made->add_cells(owner, options.cells, options.rebuild,
                  shares ? options.sharing : sharing_policy{.calls = 1});
  return made;
}

std::shared_ptr<edition> edition::of_actor(host::impl& owner, const component& what,
                                           const core::mailbox_limits& limits, const rebuild_policy& rebuild,
                                           std::string_view group, std::string_view actor,
                                           std::unique_ptr<core::guest_maker> home,
                                           std::function<void(edition&)> told_of_end) {
  std::shared_ptr<edition> made(new edition(owner, what, std::move(home), 1, limits, {}, std::nullopt, group,
                                            actor, std::move(told_of_end)));
  made->durable = owner.journalled();
  made->add_cells(owner, 1, rebuild, {.calls = 1});
  return made;
}

std::shared_ptr<edition> edition::refusing(host::impl& owner, const component& what, error why) {
  std::shared_ptr<edition> made(new edition(owner, what, nullptr, 0, {}, {}, std::nullopt, {}, {}, {}));
  made->refuses = std::move(why);
  return made;
}

edition::edition(host::impl& owner, const component& of, std::unique_ptr<core::guest_maker> makes,
                 std::size_t cell_count, const core::mailbox_limits& limits, const retry_policy& retry,
                 std::optional<reservation> instances, std::string_view name, std::string_view actor,
                 std::function<void(edition&)> told_of_end)
    : what(of),
      ready(owner.world->observe, cell_count,
            told_of_end ? [this, told_of_end = std::move(told_of_end)] { told_of_end(*this); }
                        : std::function<void()>()),
      world(told_by(*owner.world, ready)),
      maker(std::move(makes)),
      box(new core::mailbox(*owner.world, limits, retry,
                            {std::string(name), std::string(actor), what.internals()->export_names})),
      exports(std::string(actor)),
      instances_(std::move(instances)) {}

void edition::add_cells(host::impl& owner, std::uint32_t count, const rebuild_policy& rebuild,
                        const sharing_policy& sharing) {
  for (std::uint32_t i = 0; i < count; ++i)
    cells.emplace_back(
        new core::cell(world, box, *maker, rebuild, owner.next_cell.fetch_add(1), spares, sharing));
}

void edition::open() noexcept {
  opened.store(true);
  for (const auto& one : cells) one->open();
  if (spares != nullptr) spares->open();
}

core::handed edition::hand_over(core::newcomer& next) noexcept {
  // Each thread has its own cells to begin with: they find their memory where they left it.
  std::size_t each = share_of_thread() * cells.size() >> 32;
  for (std::size_t left = std::min(cells.size(), most_tried); left > 0; --left) {
    if (const core::handed how = cells[each]->hand_over(next); how != core::handed::untaken) return how;
    if (++each == cells.size()) each = 0;
  }
  return core::handed::untaken;
}

void edition::begin_drain() noexcept {
  box->close();
  if (spares != nullptr) spares->close();
  for (const auto& one : cells) one->drain();
}

void edition::cut() noexcept {
  box->refuse_queued(errc::draining, "the pool was drained before the call could begin");
  for (const auto& one : cells) one->close();
}

}  // namespace holdfast::detail
