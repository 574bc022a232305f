// SPDX-License-Identifier: Apache-2.0
#include "sim/law.hpp"

#include <utility>

namespace holdfast::sim {

laws::laws() {
  add(law_of_outcomes(), side::outcomes);
  add(law_of_causes());
  add(law_of_replies(), side::outcomes);
  add(law_of_waiters(), side::outcomes);
  add(law_of_bound_calls());
  add(law_of_order());
  add(law_of_cells());
  add(law_of_guests());
  add(law_of_admission());
  add(law_of_bounds(), side::outcomes);
  add(law_of_time());
  add(law_of_rest(), side::outcomes);
  add(law_of_retries());
  add(law_of_instances());
  add(law_of_spares());
  add(law_of_parking(), side::outcomes);
  add(law_of_lineage());
  add(law_of_progress());
  add(law_of_collateral());
  add(law_of_keys(), side::outcomes);
  add(law_of_records(), side::outcomes);
}

void laws::add(std::unique_ptr<law> one, side hears) {
  one->found_ = &found_;
  one->index_ = &index_;
  all_.push_back({std::move(one), hears});
}

void laws::see(const event& what) {
  bool over = false;  // it was heard of before
  if (what.what == seen::settled || what.what == seen::done) {
    const auto call = static_cast<std::size_t>(what.call);
    if (call >= settled_.size()) settled_.resize(call + 1);
    over = settled_[call] && what.what == seen::done;
    settled_[call] = settled_[call] || what.what == seen::settled;
  }
  event end = what;
  if (what.what == seen::settled) end.what = seen::done;
  for (const one& each : all_) {
    if (each.hears == side::outcomes) {
      each.what->see(what);
    } else if (!over) {
      each.what->see(end);
    }
  }
  ++index_;
}

}  // namespace holdfast::sim
