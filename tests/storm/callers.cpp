// SPDX-License-Identifier: Apache-2.0
#include "storm/callers.hpp"

#include <boost/describe/class.hpp>
#include <future>
#include <holdfast/function.hpp>
#include <stop_token>
#include <utility>

#include "storm/answers.hpp"

namespace holdfast::storm {

// What the order book answers, as C++ has it.
struct receipt {
  std::uint64_t serial = 0;
  std::uint64_t id = 0;
  std::uint64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (serial, id, total))

namespace {

constexpr std::size_t most_left = 16;

using placed = wit::expected<receipt, wit::value>;

// A typed answer as a plain one, so that it is judged like every other.
reply plain(const typed_reply<placed>& told) {
  reply same = told;
  if (told.value && *told.value) {
    const receipt& got = told->value();
    same.value = wit::value::ok(wit::value::record(wit::field_value("serial", got.serial),
                                                   wit::field_value("id", got.id),
                                                   wit::field_value("total", got.total)));
  }
  return same;
}
reply plain(const typed_reply<std::uint32_t>& told) {
  reply same = told;
  if (told.value) same.value = wit::value(*told.value);
  return same;
}

}  // namespace

void caller::told_of(const record_ptr& one, const error& refused) {
  reply told;
  told.code = refused.code;
  told.outcome = outcome::refused;
  told.detail = refused.detail;
  book_.told(one, told);
}

std::optional<ticket> caller::submit(const errand& what) {
  const pool to = on_.at(what.one->where);
  auto arguments = arguments_of(*what.one);
  book_.asks(what.one);
  auto claim = to.submit(function_of(what.one->what), std::move(arguments), what.options());
  if (claim) return *std::move(claim);
  told_of(what.one, claim.error());
  return std::nullopt;
}

void caller::call_typed(const errand& what) {
  const pool to = on_.at(what.one->where);
  const auto ask = [&](const auto& function, auto... values) {
    book_.asks(what.one);
    if (what.how == way::typed)
      return book_.told(what.one, plain(function.call(what.options(), std::move(values)...)));
    const auto claim = function.submit(what.options(), std::move(values)...);
    if (!claim) return told_of(what.one, claim.error());
    book_.told(what.one, plain(claim->wait()));
  };
  if (what.one->what == deed::place) {
    const auto place = to.function<placed(std::uint64_t, std::string, std::uint32_t)>("place");
    if (!place) return book_.note_wrong(what.one.get(), "not found by its types: " + place.error().message());
    ask(*place, what.one->number, std::string(item_of(*what.one).name), what.one->amount);
  } else {
    const auto add = to.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add");
    if (!add) return book_.note_wrong(what.one.get(), "not found by its types: " + add.error().message());
    ask(*add, static_cast<std::uint32_t>(what.one->number), what.one->amount);
  }
}

// A handle that a guest gave away goes back to it, or is released.
void caller::give_back(const reply& given) {
  const wit::handle which = given.value->get<wit::handle>();
  const pool vault = on_.at(site::vault);
  const std::uint64_t number = on_.next_extra();
  const deed how = number % 2 == 0 ? deed::take : deed::release;
  const record_ptr one = plan::extra(number, site::vault, how, 0);
  book_.asks(one);
  const auto claim = how == deed::take ? vault.submit("take", args(which)) : vault.release(which);
  if (!claim) return told_of(one, claim.error());
  book_.told(one, claim->wait());
}

void caller::come_back() {
  const auto [one, id] = std::move(left_.front());
  left_.pop_front();
  const auto claim = on_.owner().attach(id);
  if (!claim) {
    if (claim.error() != errc::gone || !book_.end_of(*one))
      book_.note_wrong(one.get(), "left, and not found by its id: " + claim.error().message());
    return;
  }
  book_.told(one, claim->wait());
  book_.note_attached();
}

void caller::finish() {
  while (!left_.empty()) come_back();
}

void caller::run(const errand& what) {
  const record_ptr& one = what.one;
  const char* const function = function_of(one->what);
  const pool to = on_.at(one->where);
  const auto owed = [&] { return std::make_shared<awaited>(book_, one, awaited::debt::owed); };
  switch (what.how) {
    case way::stay:
    case way::give_up: {
      auto arguments = arguments_of(*one);
      book_.asks(one);
      const reply told = to.call(function, std::move(arguments), what.options());
      book_.told(one, told);
      if (told && one->what == deed::give) give_back(told);
      return;
    }
    case way::stop: {
      std::stop_source leaves;
      on_.later().after(what.patience, [leaves]() mutable { leaves.request_stop(); });
      auto arguments = arguments_of(*one);
      book_.asks(one);
      return book_.told(one, to.call(function, std::move(arguments), what.options(), leaves.get_token()));
    }
    case way::submit_wait:
      if (const auto claim = submit(what)) {
        book_.told(one, claim->wait(what.patience));
        book_.told(one, claim->wait());
      }
      return;
    case way::submit_drop:
      (void)submit(what);
      return;
    case way::submit_revoke:
      if (const auto claim = submit(what)) {
        if (what.bits % 2 == 0) std::this_thread::sleep_for(what.patience / 8);
        if (claim->revoke() == revoke_answer::revoked && book_.settled_as(*one) != outcome::revoked)
          book_.note_wrong(one.get(), "answered as revoked, and is not");
        book_.told(one, claim->wait());
      }
      return;
    case way::submit_kill:
      if (const auto claim = submit(what)) {
        if (what.bits % 2 == 0) std::this_thread::sleep_for(what.patience / 8);
        if (claim->kill() == kill_answer::done && claim->phase() != call_phase::done &&
            !book_.settled_as(*one))
          book_.note_wrong(one.get(), "cannot be killed, and is not done");
        book_.told(one, claim->wait());
      }
      return;
    case way::come_back:
      if (const auto claim = submit(what)) {
        book_.told(one, claim->wait(what.patience / 4));
        left_.emplace_back(one, claim->id());
      }
      if (left_.size() > most_left) come_back();
      return;
    case way::hear:
      if (const auto claim = submit(what))
        claim->on_done([wait = owed()](const reply& told) { wait->told(told); });
      return;
    case way::hear_or_stop: {
      std::stop_source leaves;
      on_.later().after(what.patience, [leaves]() mutable { leaves.request_stop(); });
      auto arguments = arguments_of(*one);
      book_.asks(one);
      return to.call(
          function, std::move(arguments), what.options(),
          [wait = owed()](const reply& told) { wait->told(told); }, leaves.get_token());
    }
    case way::future:
    case way::future_dropped: {
      auto arguments = arguments_of(*one);
      book_.asks(one);
      auto later = to.future_call(function, std::move(arguments), what.options());
      if (what.how == way::future) book_.told(one, later.get());
      return;
    }
    case way::typed:
    case way::typed_submit:
      return call_typed(what);
    default:
      break;
  }
  if (others_.run(what)) return;
  // The loops are busy: it calls by itself, and stays.
  errand instead = what;
  instead.how = way::stay;
  run(instead);
}

}  // namespace holdfast::storm
