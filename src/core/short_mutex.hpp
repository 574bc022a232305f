// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

/// A mutex for what is held for less time than the kernel takes to put a thread to sleep.
namespace holdfast::core {

/// One that finds it locked looks again a few times before it sleeps: where two threads pass calls to each
/// other, most of what they would spend on locks is the kernel's.
class short_mutex {
 public:
  short_mutex() noexcept = default;
  short_mutex(const short_mutex&) = delete;
  short_mutex& operator=(const short_mutex&) = delete;
  ~short_mutex() { pthread_mutex_destroy(&mutex_); }

  void lock() noexcept { pthread_mutex_lock(&mutex_); }
  bool try_lock() noexcept { return pthread_mutex_trylock(&mutex_) == 0; }
  void unlock() noexcept { pthread_mutex_unlock(&mutex_); }

 private:
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
  pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
#else
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
#endif
};

}  // namespace holdfast::core
