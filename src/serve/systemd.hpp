// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// What is told to systemd, or to whoever set `NOTIFY_SOCKET` (sd_notify(3)).
namespace holdfast::serve {

/// `READY=1`, `STOPPING=1` and the like. Nothing, where nobody listens; a failure is nobody's matter.
void notify_manager(std::string_view state) noexcept;

}  // namespace holdfast::serve
