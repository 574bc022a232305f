// SPDX-License-Identifier: Apache-2.0
#include "wit/mentions.hpp"

#include <algorithm>

namespace holdfast::wit {

bool mentions(const type& of, bool (*which)(kind)) noexcept {
  if (which(of.kind())) return true;
  const auto part = [which](const type& each) { return mentions(each, which); };
  const auto maybe = [&part](const std::optional<type>& each) { return each && part(*each); };
  switch (of.kind()) {
    case kind::list:
    case kind::option:
      return part(of.element());
    case kind::record:
      return std::ranges::any_of(of.fields(), part, &field::type);
    case kind::tuple:
      return std::ranges::any_of(of.elements(), part);
    case kind::variant:
      return std::ranges::any_of(of.cases(), maybe, &variant_case::payload);
    case kind::result:
      return maybe(of.ok()) || maybe(of.err());
    default:
      return false;
  }
}

}  // namespace holdfast::wit
