// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
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

  void see(const event& what) {
    for (const auto& one : all_) one->see(what);
    ++index_;
  }

  const std::vector<violation>& found() const noexcept { return found_; }

 private:
  void add(std::unique_ptr<law> one);

  std::vector<std::unique_ptr<law>> all_;
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

}  // namespace holdfast::sim
