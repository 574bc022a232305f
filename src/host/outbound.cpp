// SPDX-License-Identifier: Apache-2.0
#include "host/outbound.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <holdfast/host_call.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/lineage.hpp"
#include "host/actors_impl.hpp"
#include "host/host_impl.hpp"
#include "host/keyed_call.hpp"
#include "host/pool_impl.hpp"
#include "host/waiting.hpp"
#include "wit/json.hpp"

namespace holdfast::detail {
namespace {

constexpr const char* interface = "holdfast:outbound/calls@0.1.0";

std::string_view name_of(effect what) {
  switch (what) {
    case effect::not_executed:
      return "not-executed";
    case effect::executed:
      return "executed";
    case effect::unknown:
      break;
  }
  return "unknown";
}

wit::value failure(const std::error_code& code, std::string detail) {
  const auto known = static_cast<errc>(code.value());
  return wit::value::err(wit::value::record(
      wit::field_value("code", to_string(known)),
      wit::field_value("effect", wit::value::enumeration(std::string(name_of(effect_of(known))))),
      wit::field_value("detail", std::move(detail))));
}

wit::value failure(const error& why) { return failure(why.code, why.message()); }

/// What the guest is told of the call that it made.
wit::value answer(const std::optional<wit::type>& type, const reply& told) {
  if (!told) return failure(told.code, told.detail.empty() ? told.code.message() : told.detail);
  if (!type || !told.value) return wit::value::ok("null");
  const auto json = wit::to_json(*type, *told.value);
  return json ? wit::value::ok(boost::json::serialize(*json)) : failure(json.error());
}

/// What one guest asks for.
struct request {
  std::string name;
  std::string actor;  ///< empty: the component has none of that name, or it is a pool
  std::string function;
  std::string arguments;
};

request read(const wit::arguments& from) {
  const auto& which = from.at(1).get<wit::option_value>();
  return {.name = from.at(0).get<std::string>(),
          .actor = which.some() ? which.some()->get<std::string>() : std::string(),
          .function = from.at(2).get<std::string>(),
          .arguments = from.at(3).get<std::string>()};
}

class caller {
 public:
  caller(host::impl& owner, std::vector<std::string> allowed) : owner_(owner), allowed_(std::move(allowed)) {}

  void operator()(host_call asked) const {
    core::call* const parent = core::on_behalf::current();
    const request what = read(asked.args());
    if (parent == nullptr)
      return std::move(asked).reply(failure(
          error(errc::bad_arguments, "only a call may call others, and the guest does not work on any now")));
    if (auto why = begin(what, static_cast<pool_call&>(*parent), asked))
      std::move(asked).reply(failure(*why));
  }

 private:
  std::optional<error> begin(const request& what, pool_call& parent, host_call& asked) const {
    const auto to = find(what);
    if (!to) return to.error();
    pool::impl& in = **to;
    const pool::impl::admission here(in);
    if (here->refuses) return *here->refuses;
    const auto found = here->what.world().find_export(what.function);
    if (!found) return found.error();
    const auto json = wit::parse_json(what.arguments);
    if (!json) return json.error();
    auto arguments = wit::arguments_from_json(**found, *json);
    if (!arguments) return arguments.error();
    const std::string key = parent.key_of_child(asked.attempt());
    // The deadline is the parent's (`pool::impl::make`), and so are the limits where they are later.
    const call_options how{.key = key, .deadline = no_limit, .run_limit = no_limit};
    checked_request checked;
    if (auto why = in.check(*here, what.function, std::move(*arguments), how, checked)) return why;

    const auto answers = std::make_shared<host_call>(std::move(asked));
    const boost::intrusive_ptr<callback_waiter> waits(new callback_waiter(
        in.owner, nullptr,
        [answers, type = (*found)->result](reply told) { std::move(*answers).reply(answer(type, told)); },
        core::call::reading::again));
    waits->leave_on(answers->stop_token());
    reply why;
    switch (begin_by_key(in, *here, checked, *waits, how, start::post, why)) {
      case wait_begun::waits:
        break;
      case wait_begun::over:
        std::move(*answers).reply(answer((*found)->result, waits->read()));
        break;
      case wait_begun::refused:
        std::move(*answers).reply(answer((*found)->result, why));
        break;
    }
    return std::nullopt;
  }

  result<std::shared_ptr<pool::impl>> find(const request& what) const {
    const auto unknown = [&] {
      return error(errc::no_such_export, "no component `" + what.name + "` may be called from here");
    };
    if (std::ranges::find(allowed_, what.name) == allowed_.end()) return unknown();
    const auto named = [&](const auto& each) { return each->options.name == what.name; };
    std::unique_lock lock(owner_.mutex);
    if (what.actor.empty()) {
      const auto found = std::ranges::find_if(owner_.pools, named);
      if (found == owner_.pools.end()) return unknown();
      return *found;
    }
    const auto found = std::ranges::find_if(owner_.groups, named);
    if (found == owner_.groups.end()) return unknown();
    const auto group = *found;
    lock.unlock();
    auto which = group->at(what.actor);
    if (!which) return which.error();
    return std::shared_ptr<pool::impl>(*std::move(which));
  }

  host::impl& owner_;
  const std::vector<std::string> allowed_;
};

}  // namespace

imports offered_with_calls(host::impl& owner, const component& what, const pool_options& of) {
  imports all = of.functions;
  const auto is_it = [](const wit::function* each) { return each->interface == interface; };
  if (std::ranges::none_of(what.world().imported_functions(), is_it)) return all;
  if (of.functions.functions().contains({interface, "call"})) return all;
  all.define(interface, "call", host_function(caller(owner, of.may_reach.calls)));
  return all;
}

}  // namespace holdfast::detail
