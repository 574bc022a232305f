// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "serve/config.hpp"
#include "serve/service.hpp"

/// Compiles in a process apart, with a limit of time and of memory: what a file does to the compiler is not
/// done to the server.
namespace holdfast::cli {

/// Runs `holdfast compile`, and loads what it left in the cache. Without a cache one is made for the while.
serve::component_loader apart_compiler(const serve::config& of);

}  // namespace holdfast::cli
