// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sodium/crypto_generichash.h>

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/keys.hpp"
#include "wit/packed.hpp"

/// What calls with keys have of their export: its names, and the hashes that begin with them.
namespace holdfast::detail {

/// The hash by which a key is found, whichever process it was in.
/// `actor` is empty for a pool's.
core::key_print print_of(std::string_view pool, std::string_view actor, std::string_view function,
                         std::string_view key);
/// The hash by which an actor is found.
core::key_print print_of_actor(std::string_view group, std::string_view key);

/// That of a call which no caller named: nobody else has it.
core::key_print print_of_call(const call_id& id) noexcept;

/// That of a timer, as the call that sets it has it.
core::key_print print_of_timer(const call_id& set_by, std::string_view name);
/// The key of the call that a timer makes.
std::string timer_key(const core::key_print& of);

/// The packed type of what it returns; empty: nothing.
std::vector<std::byte> result_type_of(const wit::function& which);

/// The key of the call that another makes as its so manieth.
std::string child_key(const core::key_print& of, std::uint32_t number);

struct print_hash {  // any of its bytes will do
  std::size_t operator()(const core::key_print& print) const noexcept {
    return std::bit_cast<std::array<std::size_t, sizeof(print) / sizeof(std::size_t)>>(print)[0];
  }
};

/// Shared by the export's calls: they may outlive their pool.
class keyed_export {
 public:
  keyed_export(std::string_view pool, std::string_view actor, const wit::function& of);
  /// Of a record, whose export may be gone.
  keyed_export(std::string_view pool, std::string_view actor, std::string_view function,
               std::span<const std::byte> result_type);

  const std::string pool;
  const std::string actor;  ///< empty: it is a pool's
  const std::string function;
  const std::vector<std::byte> result_type;  ///< packed; empty: it has no result

  core::key_print print_of(std::string_view key) const {
    return detail::print_of(pool, actor, function, key);
  }
  /// Equal for equal requests: types and arguments in line. The types too: a component that came later may
  /// give its exports others, and bytes mean nothing without. Only of an export that is there.
  core::request_hash request_of(std::span<const std::byte> packed) const;

 private:
  crypto_generichash_state types_{};  // the hash of the types, to be gone on with
};

/// Those of a component, made when the first call with a key comes. Thread-safe.
class keyed_exports {
 public:
  explicit keyed_exports(std::string actor = {}) : actor_(std::move(actor)) {}

  const std::shared_ptr<const keyed_export>& of(const std::string& pool, const wit::world& in,
                                                const wit::function& which);

 private:
  const std::string actor_;
  std::once_flag made_;
  std::unordered_map<const wit::function*, std::shared_ptr<const keyed_export>> all_;
};

}  // namespace holdfast::detail
