// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transfers/book.hpp"

/// One process: a host with a journal whose actors are accounts, and callers who move money between them.
namespace holdfast::transfers {

struct life_plan {
  std::string journal;
  std::string guests;
  std::uint32_t resident = 100;
  unsigned callers = 16;
  std::uint64_t seed = 1;
  std::uint32_t component = 1;  ///< the version that it begins with
  bool moves = false;           ///< to the next version, meanwhile
  bool disturbed = true;        ///< calls trap, loop and are killed
  bool deterministic = false;   ///< actors do again what they did since their last state
};

/// Moves until all is done. Until somebody kills the process, as a rule.
void live(const life_plan& how, book& of);

/// What the accounts have, asked of a host that nobody disturbs.
std::vector<std::uint64_t> balances(const life_plan& how, const book& of);

}  // namespace holdfast::transfers
