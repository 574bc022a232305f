// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/typed.hpp>
#include <string>

#include "wit/describe.hpp"
#include "wit/mentions.hpp"

namespace holdfast::wit {
namespace {

struct wording {
  errc code;
  const char* who;
  const char* component_gives;
  const char* gives;
  const char* component_returns;
  const char* returns;
};

constexpr wording words_of(side from) noexcept {
  switch (from) {
    case side::caller:
      return {errc::bad_arguments, "the call", "has", "the call gives", "returns", "the call expects"};
    case side::callee:
      return {errc::type_mismatch,  "the function", "gives",
              "the function takes", "expects",      "the function returns"};
  }
  return {};
}

}  // namespace

holdfast::result<void> check_signature(const function& of, std::span<const fit> parameters, fit result,
                                       side from) {
  const wording words = words_of(from);
  const auto wrong = [&](std::string detail) { return error(words.code, std::move(detail)); };
  const auto carries = [](const type& each) { return mentions(each, is_transmitted); };
  if (from == side::callee &&
      (std::ranges::any_of(of.params, carries, &field::type) || (of.result && carries(*of.result)))) {
    return wrong("`" + of.name +
                 "` takes or returns a stream or a future, which no function of the host can");
  }
  if (of.params.size() != parameters.size()) {
    return wrong("`" + of.name + "` takes " + std::to_string(of.params.size()) +
                 (of.params.size() == 1 ? " argument, " : " arguments, ") + words.who +
                 (from == side::caller ? " gives " : " takes ") + std::to_string(parameters.size()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    mismatch why;
    if (parameters[i](of.params[i].type, why)) continue;
    return wrong("parameter " + std::to_string(i + 1) + " (" + of.params[i].name + ")" +
                 why.sentence(words.component_gives, words.gives));
  }
  return check_result(of, result, from);
}

holdfast::result<void> check_result(const function& of, fit result, side from) {
  const wording words = words_of(from);
  const std::string component = "result: the component " + std::string(words.component_returns) + " ";
  if (result == nullptr && !of.result) return {};
  if (result == nullptr)
    return error(words.code, component + short_spelling(*of.result) + ", " + words.returns + " nothing");
  if (!of.result) return error(words.code, component + "nothing, " + words.returns + " a value");
  mismatch why;
  if (result(*of.result, why)) return {};
  return error(words.code, "result" + why.sentence(words.component_returns, words.returns));
}

}  // namespace holdfast::wit
