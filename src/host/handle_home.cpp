// SPDX-License-Identifier: Apache-2.0
#include "host/handle_home.hpp"

#include <algorithm>
#include <type_traits>

#include "wit/mentions.hpp"

namespace holdfast::detail {
namespace {

constexpr bool is_handle(wit::kind k) noexcept { return k == wit::kind::own || k == wit::kind::borrow; }

// Meets each handle in a value.
template <class Meet>
struct search {
  Meet meet;

  void look(const wit::box& at) {
    if (at) look(*at);
  }
  void look(const wit::list& at) {
    for (const wit::value& each : at) look(each);
  }
  void look(const wit::value& at) {
    at.visit([this](const auto& held) {
      using held_type = std::decay_t<decltype(held)>;
      if constexpr (std::is_same_v<held_type, wit::handle>) {
        meet(held);
      } else if constexpr (std::is_same_v<held_type, wit::list>) {
        look(held);
      } else if constexpr (std::is_same_v<held_type, wit::record_value>) {
        for (const auto& each : held.fields()) look(each.held());
      } else if constexpr (std::is_same_v<held_type, wit::tuple_value>) {
        look(held.elements());
      } else if constexpr (std::is_same_v<held_type, wit::variant_value> ||
                           std::is_same_v<held_type, wit::result_value>) {
        look(held.payload());
      } else if constexpr (std::is_same_v<held_type, wit::option_value>) {
        look(held.some());
      }
    });
  }
};

}  // namespace

bool names_handles(const wit::type& of) { return wit::mentions(of, is_handle); }

bool is_read_once(const wit::type& of) {
  return wit::mentions(of, [](wit::kind k) { return is_handle(k) || wit::is_transmitted(k); });
}

bool takes_streams(const wit::function& of) {
  return std::ranges::any_of(
      of.params, [](const wit::type& each) { return wit::mentions(each, wit::is_transmitted); },
      &wit::field::type);
}

std::vector<std::uint64_t> own_handles(const wit::value& in) {
  std::vector<std::uint64_t> all;
  search{[&all](const wit::handle& each) {
    if (each.owned() == wit::handle::ownership::own) all.push_back(each.number());
  }}.look(in);
  return all;
}

result<std::optional<core::home>> home_of(const wit::function& of, const wit::arguments& arguments) {
  std::optional<core::home> found;
  bool several = false;
  search from{[&](const wit::handle& each) {
    if (each.from().generation == 0) return;  // made by hand: the instance says whether it knows it
    const core::home here{each.from().cell, each.from().generation};
    several = several || (found && (found->cell != here.cell || found->generation != here.generation));
    found = here;
  }};
  for (std::size_t i = 0; i < std::min(of.params.size(), arguments.size()); ++i)
    if (names_handles(of.params[i].type)) from.look(arguments[i]);
  if (several)
    return error(errc::bad_arguments, "the handles among the arguments were issued by different instances");
  return found;
}

}  // namespace holdfast::detail
