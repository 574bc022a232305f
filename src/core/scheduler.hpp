// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list_hook.hpp>

/// Where cells are run. Real threads (`core/workers.hpp`) or the simulator's seeded choice.
namespace holdfast::core {

/// Something a worker can run. Posted by one owner at a time; `run` may post it again.
class task : public boost::intrusive::list_base_hook<> {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~task() = default;
};

class scheduler {
 public:
  virtual ~scheduler() = default;

  /// Runs the task soon, on some worker: none that is posted later, or again and again, keeps it waiting for
  /// ever. Any thread; never runs it inline.
  /// The task stays alive until it has run: whoever posts holds it.
  virtual void post(task& work) noexcept = 0;

  /// The same, for a task that a worker runs and that is about to return: where nothing else waits, that
  /// worker has a look before it sleeps, and no other need be woken.
  virtual void post_again(task& work) noexcept { post(work); }
};

}  // namespace holdfast::core
