// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How the command ends. Documented in `holdfast --help`.
namespace holdfast::cli {

enum exit_code : int {
  success = 0,       ///< the call completed; for `demo`: every claim held
  failed = 1,        ///< the guest ran and did not complete; for `demo`: a claim did not hold
  bad_input = 2,     ///< the command line, a file, a name or an argument; no guest ran
  not_executed = 3,  ///< refused, revoked or expired: the guest never ran, trying again is safe
  unknown = 4,       ///< nobody can say whether the guest ran, or the wait was over before its outcome
  defect = 70,       ///< a fault of Holdfast's own
};

}  // namespace holdfast::cli
