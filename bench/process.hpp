// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What the system tells of this process.
namespace holdfast::bench {

std::uint64_t resident_bytes();
std::uint64_t address_space_bytes();
std::uint64_t mapping_count();

}  // namespace holdfast::bench
