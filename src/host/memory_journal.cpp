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

class in_memory final : public journal {
 public:
  std::optional<error> commit(const journal_batch& what) override {
    const std::scoped_lock lock(mutex_);
    for (const journal_record& each : what.kept) records_.insert_or_assign(each.key, owned(each));
    for (const journal_erasure& each : what.gone)
      if (const auto found = records_.find(each.key);
          found != records_.end() && found->second.all.call == each.call)
        records_.erase(found);
    for (const journal_state& each : what.states)
      if (const auto found = states_.find(each.actor);
          found == states_.end() || found->second.all.serial < each.serial)
        states_.insert_or_assign(each.actor, owned_state(each));
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
};

}  // namespace

std::shared_ptr<journal> memory_journal() { return std::make_shared<in_memory>(); }

}  // namespace holdfast
