// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <typeindex>
#include <vector>

/// The embedder's objects that guests have handles to.
namespace holdfast::bridge {

/// The C++ types of a blueprint's resources. The place of each is its kind, by which the bridge knows it.
using object_kinds = std::vector<std::type_index>;

/// The kind of a type; none: no resource was defined with it.
std::optional<std::uint32_t> kind_of(const object_kinds& kinds, std::type_index type) noexcept;

/// The objects of one instance: what its guest owns, and what a host function of its took from it or made for
/// it.
///
/// Each is let go once: by `erase`, or by `close`, when the instance goes. Whoever still uses one then has a
/// reference of its own. Objects are destroyed without any lock held.
/// @par Thread safety  safe
class objects {
 public:
  explicit objects(std::size_t limit) noexcept : limit_(limit) {}

  /// Keeps an object under a number. None: the limit is reached, or the instance is gone.
  std::optional<std::uint32_t> insert(std::shared_ptr<void> object);

  /// Null: it is gone.
  std::shared_ptr<void> find(std::uint32_t number) const;

  void erase(std::uint32_t number) noexcept;

  /// Lets all of them go, and takes no more.
  void close() noexcept;

  std::size_t limit() const noexcept { return limit_; }
  std::size_t size() const;

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<void>> slots_;
  std::vector<std::uint32_t> free_;  // as large as `slots_`, so that `erase` never allocates
  bool closed_ = false;
};

}  // namespace holdfast::bridge
