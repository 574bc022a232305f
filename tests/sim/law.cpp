// SPDX-License-Identifier: Apache-2.0
#include "sim/law.hpp"

#include <utility>

namespace holdfast::sim {

laws::laws() {
  add(law_of_outcomes());
  add(law_of_causes());
  add(law_of_replies());
  add(law_of_waiters());
  add(law_of_bound_calls());
  add(law_of_order());
  add(law_of_cells());
  add(law_of_guests());
  add(law_of_admission());
  add(law_of_bounds());
  add(law_of_time());
  add(law_of_rest());
  add(law_of_retries());
  add(law_of_instances());
  add(law_of_spares());
  add(law_of_parking());
  add(law_of_lineage());
  add(law_of_progress());
  add(law_of_collateral());
  add(law_of_keys());
}

void laws::add(std::unique_ptr<law> one) {
  one->found_ = &found_;
  one->index_ = &index_;
  all_.push_back(std::move(one));
}

}  // namespace holdfast::sim
