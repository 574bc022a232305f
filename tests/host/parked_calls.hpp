// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/host_call.hpp>
#include <holdfast/imports.hpp>
#include <map>
#include <utility>

/// Calls of `holdfast:demo/host` that wait until a test answers them, by the ticket that they came with.
namespace holdfast::testing_support {

class parked_calls : public std::map<std::uint32_t, host_call> {
 public:
  /// Those of this function come here, for as long as this lives.
  void keep(imports& of, const char* function) {
    of.define("holdfast:demo/host", function, [this](host_call call) {
      const auto ticket = call.args().front().get<std::uint32_t>();
      insert_or_assign(ticket, std::move(call));
    });
  }

  /// Answers the call of that ticket with it. False: it does not wait.
  bool answer(std::uint32_t ticket) { return answer(ticket, ticket); }
  bool answer(std::uint32_t ticket, std::uint32_t with) {
    auto found = extract(ticket);
    if (found) std::move(found.mapped()).reply(wit::value(with));
    return !found.empty();
  }
};

}  // namespace holdfast::testing_support
