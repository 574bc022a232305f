// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <holdfast/error.hpp>
#include <holdfast/http_head.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/dialogue.hpp"
#include "engine/handle.hpp"

/// One HTTP request and its response, between a server and a guest.
namespace holdfast::bridge {

/// Of one call at most.
///
/// Callbacks come at most once each, on whatever thread brings the news, within a guest's slice too, and
/// without any lock of ours: they hand over and do not throw. One that is never called is destroyed.
/// @par Thread safety  safe; each of the two bodies has one user at a time
class http_traffic final : public core::dialogue {
 public:
  /// @par Errors  `bad_arguments`: what is wrong with the head
  static result<std::shared_ptr<http_traffic>> make(const http_request_head& head);

  std::size_t bytes() const noexcept override { return bytes_; }
  void over(std::string_view why) noexcept override;

  /// It is for a call now. False: it was before.
  bool claim() noexcept { return !claimed_.exchange(true); }

  // The request's body.
  http_flow room(std::function<void()> told);
  std::size_t push(std::span<const std::byte> some) noexcept;
  void end_push(bool lost) noexcept;

  // The response.
  http_flow news(std::function<void()> told);
  std::optional<http_response_head> take_head();
  std::size_t read(std::span<std::byte> into) noexcept;
  http_trouble trouble() const;

  /// The client is gone.
  void abandon() noexcept;
  bool is_abandoned() const noexcept { return abandoned_.load(); }

  const hfb_exchange* raw() const noexcept { return handle_.get(); }

 private:
  http_traffic(exchange_handle made, std::size_t bytes) noexcept : handle_(std::move(made)), bytes_(bytes) {}

  const exchange_handle handle_;
  const std::size_t bytes_;
  std::atomic<bool> claimed_{false};
  std::atomic<bool> abandoned_{false};
};

}  // namespace holdfast::bridge
