// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/error.hpp>

#include "core/guest.hpp"
#include "engine/handle.hpp"

/// The bridge's errors in Holdfast's words.
namespace holdfast::bridge {

/// Takes over an error of the bridge's, not null.
error to_error(hfb_error* owned);

/// Takes over an error that ended an instance, not null.
core::fault to_fault(hfb_error* owned);

}  // namespace holdfast::bridge
