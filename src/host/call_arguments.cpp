// SPDX-License-Identifier: Apache-2.0
#include "host/call_arguments.hpp"

#include <array>
#include <utility>

namespace holdfast::detail {
namespace {

constexpr std::size_t most_kept = 8;
// One that has grown holds on to memory that the next call has no use for.
constexpr std::size_t most_grown = 4096;

class spares {
 public:
  spares() = default;
  spares(const spares&) = delete;
  spares& operator=(const spares&) = delete;
  ~spares() {
    ended = true;
    while (count_ > 0) delete kept_[--count_];
  }

  wit::packer* take() noexcept { return count_ > 0 ? kept_[--count_] : nullptr; }
  bool keep(wit::packer* used) noexcept {
    if (count_ == kept_.size()) return false;
    kept_[count_++] = used;
    return true;
  }
  static thread_local bool ended;

 private:
  std::array<wit::packer*, most_kept> kept_{};
  std::size_t count_ = 0;
};

thread_local bool spares::ended = false;
thread_local spares of_thread;

}  // namespace

packer_ptr take_packer(wit::placement where) {
  wit::packer* const spare = spares::ended ? nullptr : of_thread.take();
  if (spare == nullptr) return packer_ptr(new wit::packer(where));
  if (where != wit::placement::by_reference) spare->clear(where);
  return packer_ptr(spare);
}

void give_packer_back::operator()(wit::packer* used) const noexcept {
  if (spares::ended || used->size() > most_grown) {
    delete used;
    return;
  }
  used->clear();
  if (!of_thread.keep(used)) delete used;
}

}  // namespace holdfast::detail
