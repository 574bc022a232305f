// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The pipes through which guests' streams and futures go, for the bridge.
namespace holdfast::bridge {

/// Tells the bridge of them. As often as one likes.
void use_pipes();

}  // namespace holdfast::bridge
