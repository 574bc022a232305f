// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <numeric>
#include <random>

#include "bench/alternate.hpp"
#include "bench/process.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = 1U << 20;

/// Small cells: their memory, its reservation and their stacks are as large as such a guest needs.
engine_options small(std::uint32_t instances) {
  return {.max_instances = instances, .max_memory = mib, .memory_reservation = mib, .max_stack = 128U << 10};
}

pool_options of_cells(std::uint32_t count) {
  return {.cells = count, .limits = {.memory = mib}, .rebuild = {.at_once = 64}};
}

/// Opens a pool and waits until each of its cells has its instance.
pool open_all(host& owner, const component& guest, std::uint32_t count) {
  pool made = must(owner.open(guest, of_cells(count)));
  const auto late = std::chrono::steady_clock::now() + 60s;
  for (;;) {
    const auto cells = made.cells();
    if (std::ranges::all_of(cells, [](const cell_status& each) { return each.state == cell_state::idle; }))
      return made;
    if (std::chrono::steady_clock::now() > late) throw std::runtime_error("the cells were not built in time");
    std::this_thread::sleep_for(1ms);
  }
}

adder add_of(const pool& in) { return must(in.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add")); }

void call(const adder& add, std::uint32_t a) {
  const auto told = add(a, 7);
  must_complete(told);
  if (*told != a + 7) throw std::runtime_error("add answered another sum");
}

/// Many pools of a cell each, called in an order that no cache foresees.
struct apart {
  apart(host& owner, const component& guest, std::size_t count) : order(count) {
    for (std::size_t i = 0; i < count; ++i) {
      pools.push_back(open_all(owner, guest, 1));
      adds.push_back(add_of(pools.back()));
    }
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::shuffle(order, std::mt19937(5));
  }
  void calls(unsigned count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      call(adds[order[next]], i);
      next = next + 1 == order.size() ? 0 : next + 1;
    }
  }

  std::vector<pool> pools{};
  std::vector<adder> adds{};
  std::vector<std::size_t> order;
  std::size_t next = 0;
};

component compile_on(const engine& on, const subject& with) {
  return must(component::compile(on, with.bytes()));
}

/// One pool of each size, all alive at once.
void in_one_pool(const subject& with, results& into) {
  const std::uint64_t space = address_space_bytes();
  const std::uint64_t mappings = mapping_count();
  const engine on(small(11'200));
  host owner(on);
  const component guest = compile_on(on, with);
  std::vector<pool> pools;
  std::vector<adder> adds;
  for (const std::uint32_t count : {1U, 10U, 100U, 1'000U, 10'000U}) {
    const std::uint64_t before = resident_bytes();
    pools.push_back(open_all(owner, guest, count));
    adds.push_back(add_of(pools.back()));
    const auto grown = static_cast<double>(resident_bytes()) - static_cast<double>(before);
    into.cells.push_back({.cells = count,
                          .cell_bytes = std::max(grown, 0.0) / count,
                          .mappings = mapping_count() - mappings,
                          .address_space = address_space_bytes() - space});
  }
  std::vector<way> ways;
  for (const adder& add : adds) {
    ways.push_back({"", [&add](unsigned count) {
                      for (std::uint32_t i = 0; i < count; ++i) call(add, i);
                    }});
  }
  const std::vector<double> took = alternate(ways);
  for (std::size_t i = 0; i < took.size(); ++i) into.cells[i].call_ns = took[i];
  const cells_point& most = into.cells.back();
  into.add({.name = "cells_10000",
            .what = "a call of a pool with 10,000 resident cells; the floor is the same with 100",
            .value = took[4],
            .floor = took[2],
            .must = bar{1.2},
            .note = std::to_string(most.address_space >> 30U) + " GiB of address space, " +
                    std::to_string(most.mappings) + " mappings; the pool prefers the cell it used last"});
  into.add({.name = "cell_memory",
            .what = "resident memory of one of 10,000 cells",
            .unit = "KiB",
            .value = most.cell_bytes / 1024});
}

/// A pool for each cell, as many tenants have it.
void in_pools_apart(const subject& with, results& into) {
  const engine on(small(11'200));
  host owner(on);
  const component guest = compile_on(on, with);
  std::vector<std::unique_ptr<apart>> sizes;
  std::vector<way> ways;
  for (const std::size_t count : {1U, 10U, 100U, 1'000U, 10'000U}) {
    apart& made = *sizes.emplace_back(std::make_unique<apart>(owner, guest, count));
    ways.push_back({"", [&made](unsigned calls) { made.calls(calls); }});
  }
  const std::vector<double> took = alternate(ways);
  for (std::size_t i = 0; i < took.size() && i < into.cells.size(); ++i) into.cells[i].apart_ns = took[i];
  into.add({.name = "pools_10000",
            .what = "a call of one of 10,000 pools of a cell each, at random, so that every call finds cold "
                    "caches; the "
                    "floor is the same with 100",
            .value = took[4],
            .floor = took[2]});
}

/// Whether the machine can have ten times as many, or what it says.
void many_more(const subject& with, results& into) {
  const std::uint64_t space = address_space_bytes();
  const std::uint64_t mappings = mapping_count();
  const auto made = engine::make(small(100'000));
  if (!made) {
    into.remarks.push_back("100,000 cells: refused: " + made.error().message());
    return;
  }
  try {
    host owner(*made);
    const component guest = compile_on(*made, with);
    const std::uint64_t before = resident_bytes();
    const pool all = open_all(owner, guest, 100'000);
    const adder add = add_of(all);
    const auto grown = static_cast<double>(resident_bytes()) - static_cast<double>(before);
    const std::vector<way> ways{{"", [&add](unsigned count) {
                                   for (std::uint32_t i = 0; i < count; ++i) call(add, i);
                                 }}};
    into.cells.push_back({.cells = 100'000,
                          .call_ns = alternate(ways).front(),
                          .cell_bytes = std::max(grown, 0.0) / 100'000,
                          .mappings = mapping_count() - mappings,
                          .address_space = address_space_bytes() - space});
  } catch (const std::exception& failed) {
    into.remarks.push_back(std::string("100,000 cells: ") + failed.what());
  }
}

}  // namespace

void measure_cells(subject& with, results& into) {
  in_one_pool(with, into);
  in_pools_apart(with, into);
  many_more(with, into);
}

}  // namespace holdfast::bench
