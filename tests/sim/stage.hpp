// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/choices.hpp"
#include "sim/fiber.hpp"

/// Where a simulation plays: fibers, of which one runs, and points at which another may get the turn.
///
/// Points lie between acts (`boundary`), inside what core calls of ours (`point`), and before each lock that
/// core takes and after each that it gives back: programs that simulate are linked with
/// `--wrap=pthread_mutex_lock` and the like, so core runs as it is and its locks are the stage's. A fiber
/// that finds a lock taken waits for it, so a wrong order of locks is found as what it is, a deadlock.
namespace holdfast::sim {

/// How fine the schedule is.
enum class grain {
  acts,   ///< the turn changes between acts only; locks are always free then
  locks,  ///< ... and at every lock and every call of ours
};

/// What passes when nothing can run: time.
class pastime {
 public:
  virtual ~pastime() = default;
  /// Moves time to what comes next. False: nothing comes any more.
  virtual bool pass() = 0;
};

/// One fiber's part in a simulation.
struct role {
  int number = 0;
  std::string name;
  std::unique_ptr<fiber> runs;
  bool (*ready)(void*) = nullptr;  // null: it is
  void* ready_what = nullptr;
  pthread_mutex_t* blocked_on = nullptr;
  int quiet = 0;
};

class stage {
 public:
  enum class ending {
    all_ended,
    stuck,     ///< somebody waits for what will never be
    deadlock,  ///< somebody waits for a lock that is never given back
    runaway,   ///< no end after so many points
  };

  stage(choices& decide, grain how, std::uint64_t most_points = 50'000);
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;
  /// After an ending other than `all_ended` what is left on the stacks is leaked: nobody may unwind it.
  ~stage();

  /// One more fiber, ready to run. Also from a fiber.
  int spawn(std::string name, std::function<void()> body);

  /// Plays to the end.
  ending run(pastime& idle);

  /// The stage whose fiber runs on this thread; null: none does.
  static stage* here() noexcept;

  /// Between two acts: the turn may change.
  void boundary();

  /// Inside an act: the turn may change, where the grain is fine.
  void point();

  /// Gives the turn away until `ready()`.
  template <class Ready>
  void wait(Ready&& ready) {
    wait_for([](void* what) -> bool { return (*static_cast<std::remove_reference_t<Ready>*>(what))(); },
             const_cast<void*>(static_cast<const void*>(&ready)));
  }

  /// While one lives, its fiber keeps the turn unless it must wait.
  class quiet {
   public:
    explicit quiet(stage& where) noexcept : who_(*where.current_) { ++who_.quiet; }
    quiet(const quiet&) = delete;
    quiet& operator=(const quiet&) = delete;
    ~quiet() { --who_.quiet; }

   private:
    friend class stage;
    role& who_;
  };

  /// The number of the fiber that runs, in order of spawning; -1: none.
  int current() const noexcept;
  const std::string& name(int number) const;
  int roles() const noexcept { return static_cast<int>(roles_.size()); }
  std::uint64_t points() const noexcept { return points_; }
  choices& decide() noexcept { return decide_; }

  /// What a stuck end was about: who waits, and for what.
  std::string waiting() const;

  int lock(pthread_mutex_t* which);
  int unlock(pthread_mutex_t* which);

 private:
  friend class quiet;
  using ready_fn = bool (*)(void*);

  void wait_for(ready_fn ready, void* what);
  void give_turn(bool may_stay);
  role* choose(bool may_stay);
  void play(role& who, const std::function<void()>& body);

  choices& decide_;
  const grain grain_;
  const std::uint64_t most_points_;
  std::uint64_t points_ = 0;
  fiber outside_{fiber::of_thread{}};
  std::vector<std::unique_ptr<role>> roles_;
  std::vector<role*> live_;
  std::vector<role*> candidates_;
  std::vector<int> numbers_;
  role* current_ = nullptr;
  pastime* idle_ = nullptr;
  bool choosing_ = false;  // nobody gets the turn meanwhile
  ending ending_ = ending::all_ended;
};

}  // namespace holdfast::sim
