// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <holdfast/typed_reply.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/call.hpp"
#include "wit/packed.hpp"

/// A call of a pool's export, with its packed arguments.
namespace holdfast::detail {

class pool_call final : public core::call {
 public:
  pool_call(core::environment& world, call_id id, core::call_terms terms, const wit::function& target,
            wit::packed_args arguments, std::string_view key = {})
      : call(world, id, target.index, terms),
        result_(target.result),
        arguments_(std::move(arguments)),
        key_(key) {}
  pool_call(const pool_call&) = delete;
  pool_call& operator=(const pool_call&) = delete;
  /// The resources in a result that nobody read are released: nobody else could.
  ~pool_call() override;

  std::span<const std::byte> arguments() const noexcept override { return arguments_.bytes(); }
  std::size_t bytes() const noexcept override { return arguments_.size() + key_.size(); }
  void forget_arguments() noexcept override { arguments_ = {}; }
  std::string_view key() const noexcept override { return key_; }

  /// What a caller is told once the call is done.
  reply outcome_reply() const;
  /// The same, the value going into the sink.
  reply outcome_reply(const value_sink& into) const;
  /// What a caller is told who stopped waiting.
  reply detached_reply() const;

 private:
  void release_result() const;

  // Relaxed: the count of references orders it before the end.
  mutable std::atomic<bool> read_{false};
  const std::optional<wit::type> result_;  // its own: a parked call outlives its pool and component
  wit::packed_args arguments_;
  const std::string key_;
};

/// The request to release a resource, but for where.
struct releasing {
  explicit releasing(std::uint64_t handle);
  wit::function target;
  wit::packed_args arguments;
};

/// What a caller is told of a request that was not accepted.
reply refused_reply(const error& why);

}  // namespace holdfast::detail
