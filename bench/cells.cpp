// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
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

component compile_on(const engine& on, const subject& with) {
  return must(component::compile(on, with.bytes()));
}

/// `cell_bytes` in a process of its own: in this one much of what cells take was freed by others before.
double cell_bytes_apart(std::uint32_t count) {
  const std::string command =
      std::filesystem::read_symlink("/proc/self/exe").string() + " --cell-memory " + std::to_string(count);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> told(::popen(command.c_str(), "r"), &::pclose);
  double bytes = 0;
  if (told == nullptr || std::fscanf(told.get(), "%lf", &bytes) != 1)
    throw std::runtime_error("the memory of cells cannot be measured");
  return bytes;
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

way calls_of(const adder& add) {
  return {"", [&add](unsigned count) {
            for (std::uint32_t i = 0; i < count; ++i) call(add, i);
          }};
}

constexpr std::array sizes{1U, 10U, 100U, 1'000U, 10'000U};

/// One pool of each size, all alive at once.
void in_one_pool(const subject& with, results& into) {
  for (const std::uint32_t count : sizes) {
    into.cells.push_back({.cells = count, .cell_bytes = cell_bytes_apart(count)});
  }
  const std::uint64_t space = address_space_bytes();
  const std::uint64_t mappings = mapping_count();
  const engine on(small(11'200));
  host owner(on);
  const component guest = compile_on(on, with);
  std::vector<adder> adds;
  for (cells_point& each : into.cells) {
    adds.push_back(add_of(open_all(owner, guest, static_cast<std::uint32_t>(each.cells))));
    each.mappings = mapping_count() - mappings;
    each.address_space = address_space_bytes() - space;
  }
  std::vector<way> ways;
  for (const adder& add : adds) ways.push_back(calls_of(add));
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
  into.add(
      {.name = "cell_memory",
       .what = "resident memory of one of 10,000 cells that was never called; its linear memory is untouched",
       .unit = "KiB",
       .value = most.cell_bytes / 1024});
}

/// A pool for each cell, as many tenants have it.
void in_pools_apart(const subject& with, results& into) {
  const engine on(small(11'200));
  host owner(on);
  const component guest = compile_on(on, with);
  std::vector<std::unique_ptr<apart>> all;
  std::vector<way> ways;
  for (const std::size_t count : sizes) {
    apart& made = *all.emplace_back(std::make_unique<apart>(owner, guest, count));
    made.calls(static_cast<unsigned>(count));
    ways.push_back({"", [&made](unsigned calls) { made.calls(calls); }});
  }
  const std::vector<double> took = alternate(ways);
  for (std::size_t i = 0; i < took.size(); ++i) into.cells[i].apart_ns = took[i];
  into.add(
      {.name = "pools_10000",
       .what =
           "a call of one of 10,000 pools of a cell each, at random, so that every call finds cold caches; "
           "the floor is the same with 100",
       .value = took[4],
       .floor = took[2]});
}

/// What cold caches cost the direct call: not beside ours, for the system has not enough mappings for both.
void directly(const subject& with, results& into) {
  const auto tick = with.with.options().tick;
  many_peer few(with.bytes(), tick, 100);
  many_peer many(with.bytes(), tick, 10'000);
  const std::vector<way> ways{
      {"", [&](unsigned count) { few.add(count); }},
      {"", [&](unsigned count) { many.add(count); }},
  };
  const std::vector<double> took = alternate(ways);
  into.add({.name = "direct_10000",
            .what = "a direct call of one of 10,000 instances at random; the floor is the same with 100",
            .value = took[1],
            .floor = took[0]});
}

/// Whether the machine can have ten times as many, or what it says.
void many_more(const subject& with, results& into) {
  constexpr std::uint32_t count = 100'000;
  const std::uint64_t space = address_space_bytes();
  const std::uint64_t mappings = mapping_count();
  const auto made = engine::make(small(count));
  if (!made) {
    into.remarks.push_back("100,000 cells are refused: " + made.error().message());
    return;
  }
  try {
    host owner(*made);
    const component guest = compile_on(*made, with);
    const std::uint64_t before = resident_bytes();
    const adder add = add_of(open_all(owner, guest, count));
    const auto grown = static_cast<double>(resident_bytes()) - static_cast<double>(before);
    const std::array ways{calls_of(add)};
    into.cells.push_back({.cells = count,
                          .call_ns = alternate(ways).front(),
                          .cell_bytes = grown / count,
                          .mappings = mapping_count() - mappings,
                          .address_space = address_space_bytes() - space});
  } catch (const std::exception& failed) {
    into.remarks.push_back(std::string("100,000 cells cannot be had: ") + failed.what());
  }
}

}  // namespace

double cell_bytes(const subject& with, std::uint32_t count) {
  const std::uint32_t pools = std::max(1U, 2'000 / count);
  const engine on(small(pools * count + 1));
  host owner(on);
  const component guest = compile_on(on, with);
  const pool first = open_all(owner, guest, 1);  // whatever the first one alone needs
  std::vector<pool> all;
  all.reserve(pools);
  const std::uint64_t before = resident_bytes();
  for (std::uint32_t i = 0; i < pools; ++i) all.push_back(open_all(owner, guest, count));
  return static_cast<double>(resident_bytes() - before) / (pools * count);
}

void measure_cells(subject& with, results& into) {
  in_one_pool(with, into);
  in_pools_apart(with, into);
  directly(with, into);
  many_more(with, into);
}

}  // namespace holdfast::bench
