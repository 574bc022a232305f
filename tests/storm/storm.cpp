// SPDX-License-Identifier: Apache-2.0
#include "storm/storm.hpp"

#include <algorithm>
#include <thread>
#include <vector>

namespace holdfast::storm {
namespace {

using namespace std::chrono_literals;

constexpr unsigned callers = 24;
// Requests come in gusts of so many, all due at once.
constexpr std::uint64_t gust = 8;
constexpr duration between_swaps = 1s;
constexpr duration between_drains = 400ms;

double seconds_since(time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

storm::storm(const engine& with, const guests& of, const settings& how)
    : how_(how), ground_(std::make_unique<ground>(with, of, book_, loops_.executor())) {}

bool storm::enough() const {
  return book_->figures().calls >= how_.calls && seconds_since(begun_) >= how_.seconds;
}

void storm::be_a_caller() {
  const plan fate(how_.seed);
  caller one(*ground_, loops_);
  // Spread over the time there is; a tenth quicker, for some are refused.
  const double rate = how_.seconds > 0 ? 1.1 * static_cast<double>(how_.calls) / how_.seconds : 0;
  for (;;) {
    const std::uint64_t number = next_.fetch_add(1);
    if (number % 8 == 0 && enough()) over_.store(true);
    if (over_.load()) break;
    if (rate > 0)
      std::this_thread::sleep_until(
          begun_ + std::chrono::duration_cast<duration>(
                       std::chrono::duration<double>(static_cast<double>(number / gust * gust) / rate)));
    one.run(fate.draw(number));
  }
  one.finish();
}

void storm::be_the_weather() {
  time_point swap_at = begun_ + between_swaps;
  time_point drain_at = begun_ + between_drains;
  while (!over_.load()) {
    std::this_thread::sleep_for(10ms);
    const time_point now = std::chrono::steady_clock::now();
    if (now >= swap_at) {
      swap_at += between_swaps;
      ground_->exchange_one();
    }
    if (now >= drain_at) {
      drain_at = now + between_drains;
      ground_->renew_passing();
    }
  }
}

void storm::watch_the_machine(std::vector<double>& lateness) const {
  while (!over_.load()) {
    const auto due = std::chrono::steady_clock::now() + 20ms;
    std::this_thread::sleep_until(due);
    lateness.push_back(1000 * seconds_since(due));
  }
}

result<storm_result> storm::run() {
  if (const auto open = ground_->open(); !open) return open.error();
  loops_.start(*ground_);
  storm_result told;
  {
    std::vector<std::jthread> all;
    all.emplace_back([&] { watch_the_machine(told.lateness); });
    all.emplace_back([this] { be_the_weather(); });
    for (unsigned who = 0; who < callers; ++who) all.emplace_back([this] { be_a_caller(); });
  }
  told.seconds = seconds_since(begun_);
  loops_.finish();
  ground_->close();
  loops_.join();
  told.calls = book_->figures();
  told.swaps = ground_->swaps();
  told.drains = ground_->drains();
  told.cycles = ground_->cycles();
  told.overshoots = book_->overshoots();
  std::ranges::sort(told.lateness);
  told.complaints = book_->complaints();
  ground_.reset();
  return told;
}

}  // namespace holdfast::storm
