// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/reply.hpp>
#include <holdfast/value.hpp>

#include "storm/record.hpp"

/// What requests are made of, so that an answer shows whose it is.
namespace holdfast::storm {

struct item {
  const char* name;
  std::uint64_t price;  // in cents
};

/// Whether the answer of a completed call is that of its request, by what its instance had done before.
bool answers(const record& one, const reply& what);

/// What a placement is of.
const item& item_of(const record& one) noexcept;

/// What the host of the company answers the guest that works for the request of that number, and after what.
std::uint32_t word_for(std::uint64_t number) noexcept;
duration wait_of(std::uint64_t number) noexcept;

/// What an echo is asked for: other bytes for each request.
wit::bytes bytes_of(const record& one);

}  // namespace holdfast::storm
