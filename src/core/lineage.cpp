// SPDX-License-Identifier: Apache-2.0
#include "core/lineage.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/cell.hpp"
#include "core/mailbox.hpp"

namespace holdfast::core {
namespace {

std::mutex& family() noexcept {
  static std::mutex one;
  return one;
}

}  // namespace

on_behalf::on_behalf(boost::intrusive_ptr<call> of, std::stop_token stop) noexcept
    : of_(std::move(of)),
      stop_(std::move(stop)),
      call_before_(std::exchange(caller, of_.get())),
      stop_before_(std::exchange(callers_stop, &stop_)) {}

on_behalf::~on_behalf() {
  caller = call_before_;
  callers_stop = stop_before_;
}

std::stop_token on_behalf::stop() noexcept {
  return callers_stop != nullptr ? *callers_stop : std::stop_token();
}

std::unique_lock<std::mutex> lineage::lock() { return std::unique_lock(family()); }

// A call is stuck if one of its children is; a mailbox, if in all cells that serve it stuck calls are in the
// way. What is being looked at already counts as stuck: a knot that holds itself together is one. An answer
// of "stuck" may rest on that and is forgotten with it; one of "free" rests on nothing and is kept, so each
// call is looked at once.
struct lineage::search {
  std::vector<const call*> stuck;
  std::vector<const call*> free;

  // Its ancestors wait for the parent, up to one whom nobody below keeps waiting.
  explicit search(call& parent) {
    stuck.push_back(&parent);
    for (call* each = &parent; each->parent_ != nullptr && awaited(*each) && !known(stuck, *each->parent_);
         each = each->parent_.get())
      stuck.push_back(each->parent_.get());
  }

  static bool known(const std::vector<const call*>& among, const call& which) {
    return std::ranges::find(among, &which) != among.end();
  }

  static bool awaited(call& which) {
    const std::scoped_lock lock(which.mutex_);
    return !which.waiters_.empty() || which.joins_ > 0;
  }

  /// Whether whoever waits for `which` waits for something stuck.
  bool waits_on(call& which) {
    if (known(stuck, which)) return true;
    boost::intrusive_ptr<cell> on;
    {
      const std::scoped_lock lock(which.mutex_);
      if (which.phase_ == call_phase::done || which.settled_ || which.mailbox_ == nullptr) return false;
      on = which.runs_on_;
    }
    return on != nullptr ? is(which) : is(*which.mailbox_, which.terms().only_in);
  }

  bool is(call& which) {
    if (known(stuck, which)) return true;
    if (known(free, which)) return false;
    const std::size_t before = stuck.size();
    stuck.push_back(&which);
    for (call* child : which.children_)
      if (awaited(*child) && waits_on(*child)) return true;
    stuck.resize(before);
    free.push_back(&which);
    return false;
  }

  bool is(mailbox& box, const std::optional<home>& only_in) {
    bool any = false;
    for (const auto& each : box.servers()) {
      if (only_in && each->number() != only_in->cell) continue;
      any = true;
      if (!is(each->blocked_by())) return false;
    }
    return any;  // where nobody serves there is another answer
  }

  bool is(const in_the_way& of) {
    const auto is_stuck = [this](const auto& each) { return is(*each); };
    return std::ranges::any_of(of.each, is_stuck) ||
           (!of.any.empty() && std::ranges::all_of(of.any, is_stuck));
  }
};

bool adopt(call& which) {
  call* const parent = on_behalf::current();
  if (parent == nullptr) return true;
  const auto family = lineage::lock();
  return lineage::adopt(*parent, which) != lineage::adopted::itself;
}

lineage::adopted lineage::adopt(call& parent, call& which) {
  if (search(parent).waits_on(which)) return adopted::itself;
  const std::scoped_lock lock(which.mutex_);
  // Another host function may wait for it already: one is remembered.
  if (which.phase_ == call_phase::done || which.parent_ != nullptr) return adopted::no;
  join(parent, which);
  return adopted::yes;
}

waiting_for::waiting_for(call& which) : which_(which) {
  call* const parent = on_behalf::current();
  if (parent == nullptr) return;
  const auto family = lineage::lock();
  const lineage::adopted how = lineage::adopt(*parent, which);
  itself_ = how == lineage::adopted::itself;
  joined_ = how == lineage::adopted::yes;
}

waiting_for::~waiting_for() {
  if (!joined_) return;
  const auto family = lineage::lock();
  lineage::part(which_);  // parted already, if it has ended
}

bool lineage::would_wait_for_itself(call& parent, mailbox& box, const std::optional<home>& only_in) {
  return search(parent).is(box, only_in);
}

void lineage::join(call& parent, call& child) {
  parent.children_.push_back(&child);
  child.parent_.reset(&parent);
  child.joined_.store(true);
}

void lineage::part(call& child) noexcept {
  if (child.parent_ == nullptr) return;
  std::erase(child.parent_->children_, &child);
  child.parent_.reset();
}

void lineage::ended(call& child) noexcept {
  // Set before the child could be seen by another thread, or, by one that waits for it, under its lock before
  // it was done. Whoever never had a parent takes no lock of all.
  if (!child.joined_.load()) return;
  const auto held = lock();
  part(child);
}

}  // namespace holdfast::core
