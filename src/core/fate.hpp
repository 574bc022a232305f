// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>

/// What an error means for the instance it happened in.
namespace holdfast::core {

enum class fate { keep, rebuild };

/// One exhaustive switch without a default: a new code does not compile until someone has decided.
constexpr fate fate_of(errc code) noexcept {
  switch (code) {
    // The guest was never entered.
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
    case errc::revoked:
    case errc::expired_in_queue:
    // The caller's side only.
    case errc::detached:
    case errc::gone:
      return fate::keep;
    // The store is poisoned, cut or cannot be trusted.
    case errc::trapped:
    case errc::host_failed:
    case errc::deadline_killed:
    case errc::killed:
    case errc::collateral:
    case errc::lost_in_crash:
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
      return fate::rebuild;
  }
  return fate::rebuild;
}

}  // namespace holdfast::core
