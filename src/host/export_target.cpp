// SPDX-License-Identifier: Apache-2.0
#include "host/export_target.hpp"

#include <utility>

namespace holdfast::detail {

export_target::known export_target::look_up(const component& in, std::string_view name,
                                            signature_check check) {
  auto found = in.world().find_export(name);
  if (found) {
    if (auto fits = check(**found, wit::side::caller); !fits) {
      error why = std::move(fits).error();
      why.detail = "`" + (*found)->qualified_name() + "`: " + why.detail;
      return {in.internals(), std::move(why)};
    }
  }
  return {in.internals(), std::move(found)};
}

holdfast::result<export_target> export_target::find(const component& first, std::string_view name,
                                                    signature_check check) {
  known found = look_up(first, name, check);
  if (!found.answer) return found.answer.error();
  return export_target(std::string(name), check, std::move(found));
}

holdfast::result<const wit::function*> export_target::in(const component& now) const {
  if (first_.is(now)) return first_.answer;
  const std::scoped_lock lock(later_->mutex);
  if (!later_->latest.is(now)) later_->latest = look_up(now, name_, check_);
  return later_->latest.answer;
}

}  // namespace holdfast::detail
