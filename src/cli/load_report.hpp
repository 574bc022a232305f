// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "cli/load_run.hpp"

/// What a run of `holdfast load` saw, for people and for programs.
namespace holdfast::cli::load {

/// One line while it runs.
std::string progress_line(const tally& seen, double seconds, const run_settings& how);

/// Totals, and the latency of completed calls as a plot; safe text.
std::vector<std::string> report(const tally& seen, const run_settings& how);

boost::json::object to_json(const tally& seen, const run_settings& how);

}  // namespace holdfast::cli::load
