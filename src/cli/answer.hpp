// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <holdfast/reply.hpp>
#include <holdfast/world.hpp>

#include "cli/exit_code.hpp"

/// A reply as the command shows it: the value as WAVE, or everything as JSON, as on the wire.
namespace holdfast::cli {

/// `{"id","outcome","value","generation","attempts","effect"}`, and `detail` and `backtrace` where there are.
boost::json::object to_json(const reply& told, const wit::function& of);

/// What a failed set-up or a refused request is told as.
boost::json::object to_json(const error& why);

/// The exit code of what did not complete, by whether the guest ran.
exit_code code_of(effect ran) noexcept;

/// The exit code that a reply stands for.
exit_code code_of(const reply& told) noexcept;

/// Prints the reply: a value to standard output, anything else to standard error.
exit_code show(const reply& told, const wit::function& of, bool json);

/// Prints an error that came before any call.
exit_code show(const error& why, bool json);

}  // namespace holdfast::cli
