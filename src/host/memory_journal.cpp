// SPDX-License-Identifier: Apache-2.0
#include <holdfast/journal.hpp>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace holdfast {
namespace {

using bytes = std::vector<std::byte>;

bytes copy(std::span<const std::byte> from) { return {from.begin(), from.end()}; }

// A record with what its views show.
struct owned {
  explicit owned(const journal_record& from)
      : pool(from.pool),
        actor(from.actor),
        function(from.function),
        name(from.name),
        detail(from.detail),
        backtrace(from.backtrace),
        result_type(copy(from.result_type)),
        value(copy(from.value)),
        all(from) {
    if (from.arguments) arguments = copy(*from.arguments);
  }

  journal_record shown() const {
    journal_record one = all;
    one.pool = pool;
    one.actor = actor;
    one.function = function;
    one.name = name;
    one.detail = detail;
    one.backtrace = backtrace;
    one.result_type = result_type;
    one.value = value;
    if (one.arguments) one.arguments = arguments;
    return one;
  }

  std::string pool, actor, function, name, detail, backtrace;
  bytes result_type, value, arguments;
  journal_record all;  // its views are not used
};

struct owned_state {
  explicit owned_state(const journal_state& from) : group(from.group), key(from.key), all(from) {
    if (from.snapshot) snapshot = copy(*from.snapshot);
  }

  journal_state shown() const {
    journal_state one = all;
    one.group = group;
    one.key = key;
    if (one.snapshot) one.snapshot = snapshot;
    return one;
  }

  std::string group, key;
  bytes snapshot;
  journal_state all;  // its views are not used
};

struct owned_step {
  explicit owned_step(const journal_step& from)
      : function(from.function),
        arguments(copy(from.arguments)),
        tape(copy(from.tape)),
        beginning(copy(from.beginning)),
        all(from) {}

  journal_step shown() const {
    journal_step one = all;
    one.function = function;
    one.arguments = arguments;
    one.tape = tape;
    one.beginning = beginning;
    return one;
  }

  std::string function;
  bytes arguments, tape, beginning;
  journal_step all;  // its views are not used
};

struct owned_timer {
  explicit owned_timer(const journal_timer& from)
      : name(from.name),
        group(from.group),
        key(from.key),
        function(from.function),
        arguments(copy(from.arguments)),
        all(from) {}

  journal_timer shown() const {
    journal_timer one = all;
    one.name = name;
    one.group = group;
    one.key = key;
    one.function = function;
    one.arguments = arguments;
    return one;
  }

  std::string name, group, key, function;
  bytes arguments;
  journal_timer all;  // its views are not used
};

class in_memory final : public journal {
 public:
  std::optional<error> commit(const journal_batch& what) override {
    const std::scoped_lock lock(mutex_);
    for (const journal_record& each : what.kept) records_.insert_or_assign(each.key, owned(each));
    for (const journal_erasure& each : what.gone)
      if (const auto found = records_.find(each.key);
          found != records_.end() && found->second.all.call == each.call)
        records_.erase(found);
    for (const journal_state& each : what.states) {
      if (const auto found = states_.find(each.actor);
          found == states_.end() || found->second.all.serial < each.serial)
        states_.insert_or_assign(each.actor, owned_state(each));
      auto& steps = steps_[each.actor];
      steps.erase(steps.begin(), steps.upper_bound(each.serial));
    }
    for (const journal_step& each : what.steps)
      steps_[each.actor].insert_or_assign(each.serial, owned_step(each));
    for (const journal_timer& each : what.timers) {
      const std::pair place(each.actor, std::string(each.name));
      if (each.gone) {
        timers_.erase(place);
      } else {
        timers_.insert_or_assign(place, owned_timer(each));
      }
    }
    return std::nullopt;
  }

  std::optional<error> read(const std::function<void(const journal_record&)>& each) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, record] : records_) each(record.shown());
    return std::nullopt;
  }

  std::optional<error> read_state(const std::array<std::byte, 16>& actor,
                                  const std::function<void(const journal_state&)>& found) override {
    const std::scoped_lock lock(mutex_);
    if (const auto known = states_.find(actor); known != states_.end()) found(known->second.shown());
    return std::nullopt;
  }

  std::optional<error> read_steps(const std::array<std::byte, 16>& actor,
                                  const std::function<void(const journal_step&)>& each) override {
    const std::scoped_lock lock(mutex_);
    if (const auto known = steps_.find(actor); known != steps_.end())
      for (const auto& [serial, step] : known->second) each(step.shown());
    return std::nullopt;
  }

  std::optional<error> read_timers(const std::function<void(const journal_timer&)>& each) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [place, timer] : timers_) each(timer.shown());
    return std::nullopt;
  }

  std::optional<error> read_states(const std::function<void(const journal_state&)>& each) override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [actor, state] : states_) each(state.shown());
    return std::nullopt;
  }

  std::optional<error> back_up(const std::string& /*path*/) override {
    return error(errc::bad_arguments, "a journal in memory has no file to copy");
  }

 private:
  std::mutex mutex_;
  std::map<std::array<std::byte, 16>, owned> records_;
  std::map<std::array<std::byte, 16>, owned_state> states_;
  std::map<std::array<std::byte, 16>, std::map<std::uint64_t, owned_step>> steps_;
  std::map<std::pair<std::array<std::byte, 16>, std::string>, owned_timer> timers_;
};

}  // namespace

std::shared_ptr<journal> memory_journal() { return std::make_shared<in_memory>(); }

}  // namespace holdfast
