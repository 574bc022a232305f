// SPDX-License-Identifier: Apache-2.0
#include "host/readiness.hpp"

#include <string>

namespace holdfast::detail {

void readiness::on_cell(std::uint32_t cell, std::uint64_t generation, cell_state from,
                        cell_state to) noexcept {
  next_.on_cell(cell, generation, from, to);
  using enum cell_state;
  // The two moves of every call change nothing here.
  if (to == running || (to == idle && from == running)) return;
  bool over = false;
  {
    const std::scoped_lock lock(mutex_);
    if (to == broken) {
      ++broken_;
      broken_why_ = fault_;
    } else if (to == closed) {
      ++ended_;
      if (from == broken) --broken_;  // counted among those that ended
      over = ended_ == cells_;
    } else if (to == idle || to == draining) {
      if (from != building && from != rebuilding) return;
      ready_ = true;
    } else {
      return;
    }
  }
  changed_.notify_all();
  if (over && all_ended_) all_ended_();
}

void readiness::on_fault(std::uint32_t cell, std::uint64_t generation, errc why,
                         std::string_view untrusted) noexcept {
  next_.on_fault(cell, generation, why, untrusted);
  const std::scoped_lock lock(mutex_);
  fault_ = error(why, std::string(untrusted));
}

bool readiness::closed() {
  const std::scoped_lock lock(mutex_);
  return !ready_ && ended_ > 0;
}

template <class Decided>
void readiness::wait(duration limit, const helper& help, Decided decided) {
  std::unique_lock lock(mutex_);
  if (help != nullptr) {
    // There is no thread but this one, and no time but what it makes: the limit is in rounds of help.
    for (int rounds = 0; !decided() && rounds < 100'000; ++rounds) {
      lock.unlock();
      help();
      lock.lock();
    }
  } else if (limit == no_limit) {
    changed_.wait(lock, decided);
  } else {
    changed_.wait_for(lock, limit, decided);
  }
}

bool readiness::wait_ready(duration limit, const helper& help) {
  wait(limit, help, [this] { return ready_ || broken_ + ended_ >= cells_; });
  const std::scoped_lock lock(mutex_);
  return ready_;
}

std::optional<error> readiness::wait_broken(duration limit, const helper& help) {
  wait(limit, help, [this] { return broken_ > 0 || ended_ >= cells_; });
  const std::scoped_lock lock(mutex_);
  if (broken_ == 0) return std::nullopt;
  return broken_why_;
}

std::optional<error> readiness::last_fault() {
  const std::scoped_lock lock(mutex_);
  return fault_;
}

}  // namespace holdfast::detail
