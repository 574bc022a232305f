// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <holdfast/pool.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/deferred.hpp"
#include "host/edition.hpp"
#include "host/hazard.hpp"
#include "host/host_impl.hpp"
#include "host/pool_call.hpp"

/// What a `pool` holds: the edition that takes new calls, and those that were exchanged and still run some.
namespace holdfast {

struct pool::impl : std::enable_shared_from_this<pool::impl> {
  impl(std::shared_ptr<host::impl> owner, pool_options with, std::shared_ptr<detail::edition> first,
       std::string scope);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  virtual ~impl() = default;

  /// The component that calls are checked against.
  virtual holdfast::component component() const { return current.load()->what; }

  /// Holds the edition that takes new calls, from the look-up of an export to the admission.
  class admission {
   public:
    explicit admission(impl& of) noexcept;
    admission(const admission&) = delete;
    admission& operator=(const admission&) = delete;
    ~admission();
    detail::edition& operator*() const noexcept { return *to_; }
    detail::edition* operator->() const noexcept { return to_; }

   private:
    void count_in(impl& of) noexcept;

    // One that is begun while this thread holds another is counted instead.
    const detail::hazard<detail::edition> held_;
    std::shared_ptr<detail::edition> counted_;
    detail::edition* to_;
  };

  /// Checks and packs a request. An error: why it does not become a call; the observer is told.
  std::optional<error> check(const detail::edition& in, std::string_view function, wit::arguments&& arguments,
                             const call_options& how, detail::checked_request& into) const;

  /// Why no call of the export can be made here; nothing: one can. An actor's are not to leave what ends
  /// with its instance.
  std::optional<error> unfit(const wit::function& which) const;

  /// Makes the call of a request.
  boost::intrusive_ptr<detail::pool_call> make(detail::checked_request&& asked, const call_options& how,
                                               core::call_terms form, const call_id& id) const;
  boost::intrusive_ptr<detail::pool_call> make(detail::checked_request&& asked, const call_options& how,
                                               const core::call_terms& form) const {
    return make(std::move(asked), how, form, next_id());
  }

  call_id next_id() const { return {owner->world->random.next(), owner->world->random.next()}; }

  /// Tells the observer of a request that did not become a call, and passes on why.
  error refused(error why) const;

  /// Exchanges the component.
  result<void> exchange(const holdfast::component& next, const swap_options& how);

  /// As `mailbox::find`, of every component that still has calls.
  boost::intrusive_ptr<core::call> find(const call_id& which);

  /// Admits nothing more; the cells end when the queues are empty.
  void begin_drain() noexcept;
  /// Waits for the cells until `until`, kills what is left, and waits for the rest.
  void finish_drain(time_point until) noexcept;

  // The owner holds the pool until it is drained or the host ends; then this is what keeps the world alive.
  const std::shared_ptr<host::impl> owner;
  const pool_options options;
  const std::string key_scope;
  /// Of an actor: the turns of its group, which say how long ago each was called. Null: it is a pool.
  const std::atomic<std::uint64_t>* turns = nullptr;
  /// Of an actor: the hash by which it is found. Null: it is a pool.
  const core::key_print* actor_print = nullptr;
  std::atomic<std::shared_ptr<detail::edition>> current;
  std::atomic<detail::edition*> front;  // the same, for those who look under a hazard

 protected:
  /// The edition for a call that finds none, or one that only waits for its instance: an actor's.
  virtual std::shared_ptr<detail::edition> awaken() { return nullptr; }

 private:
  struct exchanged {
    std::shared_ptr<detail::edition> what;
    time_point cut_at;
    bool was_cut = false;
  };

  void supersede(detail::edition& which) noexcept;
  void sweep() noexcept;
  std::vector<std::shared_ptr<detail::edition>> all();

  std::mutex exchanging_;  // one exchange at a time
  std::mutex mutex_;
  bool draining_ = false;
  std::vector<exchanged> old_;
  // Ends exchanged editions: cuts one when its grace is over, lets it go when its cells have ended.
  boost::intrusive_ptr<detail::deferred> sweeper_;
};

}  // namespace holdfast

namespace holdfast::detail {

/// Begins a bound call whose handler is posted, whatever comes of it: also where it was refused as it was
/// prepared.
void begin_async(const pool::impl& of, edition& to, const std::optional<error>& why, checked_request& asked,
                 const call_options& options, handler_source& tells, std::stop_token stop);

}  // namespace holdfast::detail
