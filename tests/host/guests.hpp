// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <holdfast/component.hpp>
#include <map>
#include <string>
#include <utility>

/// The real engine and the built guests, shared by a test program: compiling takes a while.
namespace holdfast::testing_support {

inline const engine& shared_engine() {
  static const engine one({.max_instances = 64, .tick = std::chrono::milliseconds(1)});
  return one;
}

/// One whose epoch never beats: a guest's slice ends when the guest waits or returns, however busy the
/// machine.
inline const engine& calm_engine() {
  static const engine one({.max_instances = 16, .tick = duration::zero()});
  return one;
}

inline const component& guest(const std::string& file, const engine& on = shared_engine()) {
  static std::map<std::pair<const engine*, std::string>, component> loaded;
  const auto found = loaded.find({&on, file});
  if (found != loaded.end()) return found->second;
  const auto path = std::filesystem::path(HOLDFAST_GUESTS_DIR) / file;
  return loaded
      .emplace(std::pair(&on, file), component::load(on, path, {.cache = default_compile_cache()}).value())
      .first->second;
}

/// The u64 field of a record, through the ok side of a result.
inline std::uint64_t number_in(const reply& told, const char* field) {
  const wit::value* held = told.value ? &*told.value : nullptr;
  if (held == nullptr) return 0;
  if (const auto* either = held->get_if<wit::result_value>(); either != nullptr && either->is_ok()) {
    held = &*either->payload();
  }
  const auto* record = held->get_if<wit::record_value>();
  const wit::value* found = record != nullptr ? record->find(field) : nullptr;
  return found != nullptr ? found->get<std::uint64_t>() : 0;
}

}  // namespace holdfast::testing_support
