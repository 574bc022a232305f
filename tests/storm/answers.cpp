// SPDX-License-Identifier: Apache-2.0
#include "storm/answers.hpp"

#include "storm/ledger.hpp"
#include "storm/plan.hpp"

// Whether an answer is that of its request, by what the request asked and what its instance had done before.
namespace holdfast::storm {
namespace {

constexpr std::array<item, 4> catalogue{{{"book", 1250}, {"pen", 180}, {"lamp", 4200}, {"map", 760}}};

const wit::value* ok_of(const wit::value& held) {
  const auto* either = held.get_if<wit::result_value>();
  if (either == nullptr || !either->is_ok() || !either->payload()) return nullptr;
  return &*either->payload();
}

std::optional<std::uint64_t> number_in(const wit::value& held) {
  if (const auto* number = held.get_if<std::uint64_t>()) return *number;
  if (const auto* number = held.get_if<std::uint32_t>()) return *number;
  return std::nullopt;
}

bool is_receipt(const record& one, const wit::value& held, std::uint64_t total) {
  const auto* fields = held.get_if<wit::record_value>();
  if (fields == nullptr) return false;
  const auto is = [&](const char* name, std::uint64_t expected) {
    const wit::value* found = fields->find(name);
    return found != nullptr && number_in(*found) == expected;
  };
  return is("serial", one.before + 1) && is("id", one.number) && is("total", total);
}

bool is_answer(const record& one, const wit::value& held) {
  const wit::value* good = ok_of(held);
  switch (one.what) {
    case deed::place:
      return good != nullptr && is_receipt(one, *good, item_of(one).price * one.amount);
    case deed::place_slowly:
      return is_receipt(one, held, catalogue[0].price);
    case deed::misplace: {
      const auto* either = held.get_if<wit::result_value>();
      return either != nullptr && !either->is_ok();
    }
    case deed::audit:
      return good != nullptr && number_in(*good) == one.before;
    case deed::count:
      return number_in(held) == one.before;
    case deed::add:
      return number_in(held) == static_cast<std::uint32_t>(one.number) + one.amount;
    case deed::echo:
      return held == wit::value(bytes_of(one));
    case deed::place_pair: {
      const auto* pair = held.get_if<wit::tuple_value>();
      return pair != nullptr &&
             *pair == wit::value::tuple(one.before + 1, one.number).get<wit::tuple_value>();
    }
    case deed::nap:
    case deed::nap_deaf:
    case deed::nap_listening:
    case deed::nap_calling:
    case deed::nap_failing:
    case deed::nap_round:
    case deed::well:
      return number_in(held) == one.before + 1;
    case deed::give:
      return held.is<wit::handle>();
    case deed::work:
      return number_in(held).value_or(0) > 0;
    case deed::key:
      return held == (one.key.empty() ? wit::value::none() : wit::value::some(one.key));
    case deed::generation:
      return number_in(held) == one.generation;
    case deed::attempt:
      return number_in(held) == one.started;
    case deed::version:
      return true;  // compared with its cell's, by the ledger
    case deed::wait:
    case deed::hold:
    case deed::block:
    case deed::blocks:
      return number_in(held) == word_for(one.number);
    case deed::stopped:  // 1: it was asked to stop
      return number_in(held).value_or(2) <= (one.may_end.has(outcome::killed) ? 1U : 0U);
    case deed::tail:
    case deed::tail_trap:
      return number_in(held) == wait_order{one.number, false}.packed();
    case deed::entered:  // the ledger knows how many at most
      return number_in(held).value_or(0) >= one.before;
    default:
      return false;
  }
}

}  // namespace

const item& item_of(const record& one) noexcept { return catalogue[one.number % catalogue.size()]; }

std::uint32_t word_for(std::uint64_t number) noexcept {
  return static_cast<std::uint32_t>(number * 2654435761U);
}

duration wait_of(std::uint64_t number) noexcept {
  // A third is answered at once.
  return number % 3 == 0 ? duration::zero() : duration(std::chrono::microseconds(number % 25001));
}

wit::bytes bytes_of(const record& one) {
  wit::bytes data(one.amount);
  std::uint64_t mix = one.number * 0x9e3779b97f4a7c15U + 1;
  for (auto& each : data) {
    mix ^= mix << 13;
    mix ^= mix >> 7;
    mix ^= mix << 17;
    each = static_cast<std::uint8_t>(mix);
  }
  return data;
}

bool answers(const record& one, const reply& what) {
  if (one.what == deed::open || one.what == deed::take || one.what == deed::release) return !what.value;
  return what.value && is_answer(one, *what.value);
}

void ledger::judge_value(const record& one, const reply& what, bool right) {
  if (!right) return wrong(&one, "the answer is not that of its request");
  if (one.what == deed::count || one.what == deed::audit) ++figures_.audits;
  if (one.what == deed::version) judge_version(one, what.value->get<std::uint32_t>());
  if (one.what == deed::entered) judge_entered(one, what.value->get<std::uint32_t>());
}

// Others begin and end beside it: all that ended well before it began, and no more than ever began.
void ledger::judge_entered(const record& one, std::uint32_t entered) {
  const auto in = cells_.find(one.cell);
  if (in == cells_.end() || in->second.generation != one.generation) return;
  ++figures_.audits;
  if (entered > in->second.counted) wrong(&one, "the guest was entered more often than calls began in it");
}

// A cell runs one component as long as it lives, and the exchange says which.
void ledger::judge_version(const record& one, std::uint32_t version) {
  if (version_of_.try_emplace(one.cell, version).first->second != version)
    wrong(&one, "the component answers as another one than its cell runs");
}

}  // namespace holdfast::storm
