// SPDX-License-Identifier: Apache-2.0
#include "host/timer_functions.hpp"

#include <algorithm>
#include <holdfast/expected.hpp>
#include <holdfast/host_context.hpp>
#include <string_view>
#include <utility>

#include "core/lineage.hpp"
#include "host/actor_home.hpp"
#include "host/actor_timers.hpp"
#include "host/handle_home.hpp"
#include "host/host_impl.hpp"
#include "host/keyed_export.hpp"
#include "host/pool_call.hpp"
#include "wit/json.hpp"
#include "wit/packed.hpp"

namespace holdfast::detail {
namespace {

constexpr const char* interface = "holdfast:timers/timers@0.1.0";
constexpr std::size_t longest_name = 256;
constexpr std::chrono::hours longest_wait(24 * 3653);  // ten years

using done = wit::expected<void, std::string>;

done refusal(const error& why) { return wit::err(why.message()); }

std::string bounded(const char* what, std::size_t most, std::size_t is) {
  return std::string(what) + " at most " + std::to_string(most) + " bytes, and this one " +
         std::to_string(is);
}

/// The timers of one group, as its guests see them.
class timer_desk {
 public:
  timer_desk(host::impl& owner, component of, std::string group, const actor_options& how)
      : owner_(owner),
        of_(std::move(of)),
        group_(std::move(group)),
        bytes_(how.call_bytes),
        most_(how.timers) {}

  done set(const host_context& asked, std::string&& name, std::uint64_t after, std::string_view function,
           std::string_view json) const {
    pool_call* const by = call_that_may();
    if (by == nullptr) return refusal({errc::bad_arguments, only_calls});
    if (auto why = check(name, after, json)) return refusal(*why);
    const auto which = find(function);
    if (!which) return refusal(which.error());
    auto packed = pack(**which, json);
    if (!packed) return refusal(packed.error());
    const auto id = print_of_timer(by->id(), name);
    if (const std::size_t bytes = packed->size() + timer_key(id).size(); bytes > bytes_)
      return refusal({errc::limit, bounded("a timer's arguments have", bytes_, bytes)});
    actor_timer what{.id = id,
                     .actor = *by->actor(),
                     .group = group_,
                     .name = std::move(name),
                     .due = owner_.wall() + std::chrono::milliseconds(after),
                     .function = (*which)->qualified_name(),
                     .arguments = *std::move(packed)};
    if (auto why = owner_.timers->set(*by, asked.attempt(), std::move(what), most_)) return refusal(*why);
    return wit::ok();
  }

  bool cancel(const host_context& asked, const std::string& name) const {
    pool_call* const by = call_that_may();
    return by != nullptr && owner_.timers->cancel(*by, asked.attempt(), *by->actor(), name);
  }

 private:
  static constexpr const char* only_calls =
      "only a call may set timers, of an export that is not marked read-only, and not "
      "`holdfast:actor/lifecycle`";

  // Null: the guest is not at work on one.
  static pool_call* call_that_may() noexcept {
    auto* const by = static_cast<pool_call*>(core::on_behalf::current());
    return by != nullptr && by->actor() && !by->reads_only() && !by->has_returned() ? by : nullptr;
  }

  std::optional<error> check(const std::string& name, std::uint64_t after, std::string_view json) const {
    if (name.empty()) return error(errc::bad_arguments, "a timer's name is not empty");
    if (name.size() > longest_name)
      return error(errc::bad_arguments, bounded("a timer's name has", longest_name, name.size()));
    if (after > static_cast<std::uint64_t>(std::chrono::milliseconds(longest_wait).count()))
      return error(errc::limit, "a timer is due in ten years at most");
    if (json.size() > bytes_)
      return error(errc::limit, bounded("a timer's arguments have", bytes_, json.size()));
    return std::nullopt;
  }

  result<const wit::function*> find(std::string_view function) const {
    const auto found = of_.world().find_export(function);
    if (!found) return found.error();
    const wit::function& which = **found;
    if (which.interface == lifecycle_interface)
      return error(errc::no_such_export, "`" + which.qualified_name() + "` is for Holdfast alone to call");
    if (takes_streams(which) || (which.result && is_read_once(*which.result)))
      return error(errc::bad_arguments, "`" + which.qualified_name() +
                                            "` passes streams or returns resources, which no timer can");
    return &which;
  }

  static result<std::vector<std::byte>> pack(const wit::function& which, std::string_view text) {
    const auto json = wit::parse_json(text);
    if (!json) return json.error();
    auto arguments = wit::arguments_from_json(which, *json);
    if (!arguments) return arguments.error();
    const auto packed = wit::encode(which, *std::move(arguments), wit::placement::in_line);
    if (!packed) return packed.error();
    return std::vector<std::byte>(packed->bytes().begin(), packed->bytes().end());
  }

  host::impl& owner_;
  const component of_;
  const std::string group_;
  const std::size_t bytes_;
  const std::size_t most_;
};

}  // namespace

imports offered_with_timers(host::impl& owner, const component& what, const std::string& group,
                            const actor_options& of) {
  imports all = of.functions;
  const auto imported = what.world().imported_functions();
  if (std::ranges::none_of(imported, [](const auto* each) { return each->interface == interface; }))
    return all;
  const auto desk = std::make_shared<const timer_desk>(owner, what, group, of);
  const auto missing = [&](const char* name) {
    return !of.functions.functions().contains({interface, name});
  };
  if (missing("set"))
    all.define(interface, "set",
               [desk](const host_context& asked, std::string name, std::uint64_t after_ms,
                      std::string_view function, std::string_view arguments) {
                 return desk->set(asked, std::move(name), after_ms, function, arguments);
               });
  if (missing("cancel"))
    all.define(interface, "cancel", [desk](const host_context& asked, const std::string& name) {
      return desk->cancel(asked, name);
    });
  return all;
}

}  // namespace holdfast::detail
