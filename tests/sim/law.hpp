// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/event.hpp"

/// What must hold in every schedule, each law by its own name.
///
/// A law reads the events of one run and complains. It knows nothing of how they came about, so that a list
/// of events written by hand can show that it does complain (`laws_test.cpp`).
namespace holdfast::sim {

struct violation {
  std::string law;
  std::string what;
  std::size_t event = 0;  ///< the index of the event at which it was seen
};

class law {
 public:
  explicit law(const char* name) noexcept : name_(name) {}
  law(const law&) = delete;
  law& operator=(const law&) = delete;
  virtual ~law() = default;

  virtual void see(const event& what) = 0;

 protected:
  void broken(std::string what) { broken(name_, std::move(what)); }
  /// For a file of several laws that share what they know.
  void broken(const char* name, std::string what) { found_->push_back({name, std::move(what), *index_}); }

 private:
  friend class laws;
  const char* name_;
  std::vector<violation>* found_ = nullptr;
  const std::size_t* index_ = nullptr;
};

/// One of each, for one run.
class laws {
 public:
  laws();

  void see(const event& what);

  const std::vector<violation>& found() const noexcept { return found_; }

 private:
  /// The end of a call that is on record has two sides: its guest is done with it (`settled`), and later it
  /// is told (`done`). Laws of runs hear of the first as of its end.
  enum class side : std::uint8_t { runs, outcomes };
  struct one {
    std::unique_ptr<law> what;
    side hears;
  };
  void add(std::unique_ptr<law> one, side hears = side::runs);

  std::vector<one> all_;
  std::vector<bool> settled_;
  std::vector<violation> found_;
  std::size_t index_ = 0;
};

/// Grows with the numbers it is asked for.
template <class T>
class by_number {
 public:
  T& operator[](int number) {
    const auto at = static_cast<std::size_t>(number);
    if (at >= all_.size()) all_.resize(at + 1);
    return all_[at];
  }
  int size() const noexcept { return static_cast<int>(all_.size()); }
  auto begin() noexcept { return all_.begin(); }
  auto end() noexcept { return all_.end(); }

 private:
  std::vector<T> all_;
};

// A file each, in `laws/`.
std::unique_ptr<law> law_of_outcomes();
std::unique_ptr<law> law_of_causes();
std::unique_ptr<law> law_of_replies();
std::unique_ptr<law> law_of_waiters();
std::unique_ptr<law> law_of_bound_calls();
std::unique_ptr<law> law_of_order();
std::unique_ptr<law> law_of_cells();
std::unique_ptr<law> law_of_guests();
std::unique_ptr<law> law_of_admission();
std::unique_ptr<law> law_of_bounds();
std::unique_ptr<law> law_of_time();
std::unique_ptr<law> law_of_rest();
std::unique_ptr<law> law_of_retries();
std::unique_ptr<law> law_of_instances();
std::unique_ptr<law> law_of_spares();
std::unique_ptr<law> law_of_parking();
std::unique_ptr<law> law_of_lineage();
std::unique_ptr<law> law_of_progress();
std::unique_ptr<law> law_of_collateral();
std::unique_ptr<law> law_of_keys();
std::unique_ptr<law> law_of_records();

}  // namespace holdfast::sim
