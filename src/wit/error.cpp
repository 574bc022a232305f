// SPDX-License-Identifier: Apache-2.0
#include <holdfast/error.hpp>

namespace holdfast {
namespace {

struct entry {
  const char* name;
  const char* text;
  effect what;
};

// One exhaustive switch: a new code does not compile (-Wswitch, -Werror) until someone has decided its
// effect.
constexpr entry describe(errc code) noexcept {
  switch (code) {
    case errc::queue_full:
      return {"queue_full", "the queue is full", effect::not_executed};
    case errc::deadline_too_close:
      return {"deadline_too_close", "the queue is too slow for the deadline", effect::not_executed};
    case errc::draining:
      return {"draining", "draining: nothing is admitted any more", effect::not_executed};
    case errc::broken:
      return {"broken", "no instance could be rebuilt", effect::not_executed};
    case errc::cycle:
      return {"cycle", "the call would wait for itself", effect::not_executed};
    case errc::bad_arguments:
      return {"bad_arguments", "the arguments do not fit the function", effect::not_executed};
    case errc::no_such_export:
      return {"no_such_export", "no such export", effect::not_executed};
    case errc::key_conflict:
      return {"key_conflict", "the key is in use for another request", effect::not_executed};
    case errc::limit:
      return {"limit", "larger than a configured limit", effect::not_executed};
    case errc::journal_full:
      return {"journal_full", "the journal's disk is full", effect::not_executed};
    case errc::forked:
      return {"forked", "forked after the start: the threads are in another process", effect::not_executed};
    case errc::revoked:
      return {"revoked", "revoked before it began", effect::not_executed};
    case errc::expired_in_queue:
      return {"expired_in_queue", "the deadline passed before it began", effect::not_executed};
    case errc::trapped:
      return {"trapped", "the guest trapped", effect::executed};
    case errc::host_failed:
      return {"host_failed", "a host function failed", effect::executed};
    case errc::deadline_killed:
      return {"deadline_killed", "stopped at its deadline", effect::executed};
    case errc::killed:
      return {"killed", "killed", effect::executed};
    case errc::collateral:
      return {"collateral", "lost to a neighbour's fault", effect::unknown};
    case errc::lost_in_crash:
      return {"lost_in_crash", "unfinished when the process died", effect::unknown};
    case errc::detached:
      return {"detached", "the caller stopped waiting; the call goes on", effect::unknown};
    case errc::gone:
      return {"gone", "no call of that id is known here, or its result is no longer kept", effect::unknown};
    case errc::not_wasm:
      return {"not_wasm", "not a WebAssembly file", effect::not_executed};
    case errc::core_module:
      return {"core_module", "a core module, not a component", effect::not_executed};
    case errc::malformed_component:
      return {"malformed_component", "not a valid component", effect::not_executed};
    case errc::unsupported_component:
      return {"unsupported_component", "the component needs an unsupported feature", effect::not_executed};
    case errc::unknown_import:
      return {"unknown_import", "an import is not defined", effect::not_executed};
    case errc::type_mismatch:
      return {"type_mismatch", "an import has another type", effect::not_executed};
    case errc::cannot_instantiate:
      return {"cannot_instantiate", "the component could not be instantiated", effect::not_executed};
    case errc::bad_contract:
      return {"bad_contract", "the cancel contract cannot be read", effect::not_executed};
    case errc::bad_journal:
      return {"bad_journal", "not a journal that can be used", effect::not_executed};
    case errc::journal_failed:
      return {"journal_failed", "the journal's file cannot be read or written", effect::not_executed};
    case errc::no_resources:
      return {"no_resources", "out of instances, memory or address space", effect::not_executed};
    case errc::internal:
      return {"internal", "internal error", effect::unknown};
    case errc::replay_diverged:
      return {"replay_diverged", "the replay of the actor's calls went another way", effect::not_executed};
  }
  return {"unknown", "unknown error", effect::unknown};
}

class error_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "holdfast"; }
  std::string message(int code) const override { return describe(static_cast<errc>(code)).text; }
  bool equivalent(int code, const std::error_condition& condition) const noexcept override {
    if (condition.category() == effect_category())
      return condition.value() == static_cast<int>(describe(static_cast<errc>(code)).what);
    return default_error_condition(code) == condition;
  }
};

class effect_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "holdfast.effect"; }
  std::string message(int what) const override { return to_string(static_cast<effect>(what)); }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const error_category_type category;
  return category;
}

const std::error_category& effect_category() noexcept {
  static const effect_category_type category;
  return category;
}

effect effect_of(errc code) noexcept { return describe(code).what; }

effect effect_of(const std::error_code& code) noexcept {
  if (!code) return effect::executed;
  return code.category() == error_category() ? effect_of(static_cast<errc>(code.value())) : effect::unknown;
}

const char* to_string(errc code) noexcept { return describe(code).name; }

const char* to_string(effect what) noexcept {
  switch (what) {
    case effect::not_executed:
      return "not_executed";
    case effect::executed:
      return "executed";
    case effect::unknown:
      return "unknown";
  }
  return "unknown";
}

void throw_exception_from_error(const error& what, const boost::source_location&) {
  if (what.detail.empty()) throw std::system_error(what.code);
  throw std::system_error(what.code, what.detail);
}

}  // namespace holdfast
