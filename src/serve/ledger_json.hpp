// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <holdfast/duration.hpp>

#include "serve/ledger.hpp"

/// The ledger's words as the dashboard and `/v1/calls` read them. Times are seconds.
namespace holdfast::serve {

/// What the wall's clock was at a time of the steady one.
using calendar_time = std::function<double(time_point)>;

boost::json::object totals_json(const ledger_figures& of);
boost::json::object overshoot_json(const overshoot_figures& of);
/// The queue's and the guests', of all components.
boost::json::object times_json(const ledger_figures& of);
boost::json::object cell_json(const cell_record& of, const calendar_time& at);
/// One in flight, or one that has ended: then with its outcome and times.
boost::json::object call_json(const call_record& of, const calendar_time& at);
/// What is left to be said of one that was told of before.
boost::json::object ended_json(const call_record& of);
boost::json::object fault_json(const fault_record& of, const calendar_time& at);

}  // namespace holdfast::serve
