// SPDX-License-Identifier: Apache-2.0
#include <holdfast/outcome.hpp>

namespace holdfast {

outcome outcome_of(errc code) noexcept {
  switch (code) {
    case errc::revoked:
      return outcome::revoked;
    case errc::expired_in_queue:
      return outcome::expired_in_queue;
    case errc::trapped:
      return outcome::trapped;
    case errc::host_failed:
      return outcome::host_failed;
    case errc::deadline_killed:
      return outcome::deadline_killed;
    case errc::killed:
      return outcome::killed;
    case errc::collateral:
      return outcome::collateral;
    case errc::lost_in_crash:
      return outcome::lost_in_crash;
    case errc::queue_full:
    case errc::deadline_too_close:
    case errc::draining:
    case errc::broken:
    case errc::cycle:
    case errc::bad_arguments:
    case errc::no_such_export:
    case errc::key_conflict:
    case errc::limit:
    case errc::journal_full:
    case errc::forked:
    case errc::detached:
    case errc::gone:
    case errc::not_wasm:
    case errc::core_module:
    case errc::malformed_component:
    case errc::unsupported_component:
    case errc::unknown_import:
    case errc::type_mismatch:
    case errc::cannot_instantiate:
    case errc::bad_contract:
    case errc::bad_journal:
    case errc::journal_failed:
    case errc::no_resources:
    case errc::internal:
    case errc::replay_diverged:
      return outcome::refused;
  }
  return outcome::refused;
}

effect effect_of(outcome what) noexcept {
  switch (what) {
    case outcome::refused:
    case outcome::revoked:
    case outcome::expired_in_queue:
      return effect::not_executed;
    case outcome::completed:
    case outcome::trapped:
    case outcome::host_failed:
    case outcome::deadline_killed:
    case outcome::killed:
      return effect::executed;
    case outcome::collateral:
    case outcome::lost_in_crash:
      return effect::unknown;
  }
  return effect::unknown;
}

const char* to_string(outcome what) noexcept {
  switch (what) {
    case outcome::completed:
      return "completed";
    case outcome::refused:
      return "refused";
    case outcome::revoked:
      return "revoked";
    case outcome::expired_in_queue:
      return "expired_in_queue";
    case outcome::trapped:
      return "trapped";
    case outcome::host_failed:
      return "host_failed";
    case outcome::deadline_killed:
      return "deadline_killed";
    case outcome::killed:
      return "killed";
    case outcome::collateral:
      return "collateral";
    case outcome::lost_in_crash:
      return "lost_in_crash";
  }
  return "unknown";
}

}  // namespace holdfast
