// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <holdfast/error.hpp>
#include <holdfast/http_head.hpp>
#include <holdfast/initiation.hpp>
#include <holdfast/pipe_end.hpp>
#include <memory>
#include <optional>
#include <span>
#include <utility>

/// A server's side of one HTTP request that a component answers.
namespace holdfast {

namespace bridge {
class http_traffic;
}

namespace detail {

/// A wait for the guest, on either side, described and not begun yet.
class http_wait {
 public:
  using reply_type = pipe_news;
  static constexpr cancel_rule rule = cancel_rule::waiter;
  enum class side : std::uint8_t { request, response };

  http_wait(std::shared_ptr<bridge::http_traffic> at, boost::asio::any_io_executor on, side which) noexcept
      : at_(std::move(at)), on_(std::move(on)), which_(which) {}

  boost::asio::any_io_executor executor() const noexcept { return on_; }
  void start(handler_source& tells, std::stop_token stop = {}) &&;

 private:
  std::shared_ptr<bridge::http_traffic> at_;
  boost::asio::any_io_executor on_;
  side which_;
};

// Attempts at an operation. Where one `waits`, it goes on from what `done`, `got` and the like say.
pipe_end::step push_all(bridge::http_traffic& to, std::span<const std::byte> all, std::size_t& done,
                        boost::system::error_code& why);
pipe_end::step read_some(bridge::http_traffic& from, std::span<std::byte> into, std::size_t& got,
                         boost::system::error_code& why);
pipe_end::step take_head(bridge::http_traffic& from, http_response_head& head,
                         boost::system::error_code& why);

/// An operation for `async_compose`: attempts until it is done, and never completes within the initiating
/// function.
template <class Act>
class http_operation {
 public:
  http_operation(std::shared_ptr<bridge::http_traffic> at, boost::asio::any_io_executor on, Act what)
      : at_(std::move(at)), on_(std::move(on)), what_(std::move(what)) {}

  template <class Self>
  void operator()(Self& self, std::error_code = {}, pipe_news = {}) {
    if (done_) return what_.complete(self, why_);
    const bool first = std::exchange(first_, false);
    if (first) self.reset_cancellation_state(boost::asio::enable_total_cancellation());
    boost::system::error_code why;
    if (what_.attempt(*at_, why) == pipe_end::step::waits) {
      if (self.cancelled() == boost::asio::cancellation_type::none) {
        initiation<http_wait> wait(http_wait(at_, on_, Act::side));  // before this moves along
        return std::move(wait)(std::move(self));
      }
      why = boost::asio::error::operation_aborted;
    }
    if (!first) return what_.complete(self, why);
    done_ = true;
    why_ = why;
    boost::asio::post(std::move(self));
  }

 private:
  std::shared_ptr<bridge::http_traffic> at_;
  boost::asio::any_io_executor on_;
  Act what_;
  boost::system::error_code why_;
  bool first_ = true;
  bool done_ = false;
};

struct http_head_act {
  static constexpr auto side = http_wait::side::response;
  http_response_head head{};
  pipe_end::step attempt(bridge::http_traffic& at, boost::system::error_code& why) {
    return take_head(at, head, why);
  }
  template <class Self>
  void complete(Self& self, boost::system::error_code why) {
    http_response_head told = std::move(head);  // before this moves along
    self.complete(why, std::move(told));
  }
};

struct http_read_act {
  static constexpr auto side = http_wait::side::response;
  std::span<std::byte> into;
  std::size_t got = 0;
  pipe_end::step attempt(bridge::http_traffic& at, boost::system::error_code& why) {
    return read_some(at, into, got, why);
  }
  template <class Self>
  void complete(Self& self, boost::system::error_code why) {
    self.complete(why, std::size_t{got});
  }
};

struct http_write_act {
  static constexpr auto side = http_wait::side::request;
  std::span<const std::byte> all;
  std::size_t done = 0;
  pipe_end::step attempt(bridge::http_traffic& at, boost::system::error_code& why) {
    return push_all(at, all, done, why);
  }
  template <class Self>
  void complete(Self& self, boost::system::error_code why) {
    self.complete(why, std::size_t{done});
  }
};

}  // namespace detail

/// Made from a request's head, handed to `pool::serve`, and then used from here: the request's body is
/// written, the response's head and then its body are read. Each direction holds 64 KiB at most; past that
/// whoever is faster waits.
///
/// Destroying it is how a client that is gone leaves: its guest is neither stopped nor told. What the guest
/// writes from then on is dropped, so that it waits for nobody, and its reading of the request's body ends
/// with an error. A guest that is lost half-way loses the response instead (`http_flow::lost`).
///
/// There are two forms. The plain one looks, and calls back once when looking again is worth while; the other
/// completes through tokens of Boost.Asio. Per direction one of them at a time.
/// @par Thread safety  distinct objects: safe; of one, the two directions are distinct
class http_exchange {
 public:
  /// @par Errors  `bad_arguments`: method, scheme, authority, target or a field that HTTP does not have
  [[nodiscard]] static result<http_exchange> make(const http_request_head& head,
                                                  boost::asio::any_io_executor on);
  http_exchange(http_exchange&&) noexcept = default;
  http_exchange& operator=(http_exchange&& other) noexcept;
  ~http_exchange() { abandon(); }

  /// Where handlers run that name no executor.
  boost::asio::any_io_executor get_executor() const noexcept { return on_; }

  /// Leaves. Operations that wait here end as aborted, and no callback comes from then on.
  void abandon() noexcept;

  // The request's body.

  /// Whether more can be written: `open`, `waiting`, or `ended`, where nobody reads it any more. `told` is
  /// called once when that changes, in place of one given before, on any thread, a guest's own too: it hands
  /// over and does not throw.
  http_flow room(std::function<void()> told = {}) const;
  /// Takes what there is room for; how much. What nobody reads is taken and dropped.
  std::size_t write(std::span<const std::byte> some) const noexcept;
  /// The body is whole.
  void end() const noexcept;
  /// The body will never be whole: its guest reads an error.
  void fail() const noexcept;

  /// Writes all of a buffer, which stays until the handler runs.
  ///
  /// @par Completion signature        `void(boost::system::error_code, std::size_t)`
  /// @par Errors                      `broken_pipe`: its end was told; `operation_aborted`
  /// @par Per-operation cancellation  `terminal`, `partial`, `total`: what was written by then is told
  template <class Token = boost::asio::deferred_t>
  auto async_write(boost::asio::const_buffer from, Token&& token = {}) const {
    return begin<void(boost::system::error_code, std::size_t)>(
        detail::http_write_act{.all = {static_cast<const std::byte*>(from.data()), from.size()}},
        std::forward<Token>(token));
  }

  // The response.

  /// Whether there is something of it: its head, and once that was taken its body. `told`: as for `room`.
  http_flow response(std::function<void()> told = {}) const;
  /// Takes the head, once.
  std::optional<http_response_head> take_head() const;
  /// Reads some of the body; 0: nothing is there now.
  std::size_t read(std::span<std::byte> into) const noexcept;
  /// Why the response is lost.
  http_trouble trouble() const;

  /// Waits for the head and takes it.
  ///
  /// @par Completion signature        `void(boost::system::error_code, http_response_head)`
  /// @par Errors                      `connection_reset`: there is none, and `trouble` says why;
  ///                                  `operation_aborted`
  /// @par Per-operation cancellation  `terminal`, `partial`, `total`: this wait only
  template <class Token = boost::asio::deferred_t>
  auto async_head(Token&& token = {}) const {
    return begin<void(boost::system::error_code, http_response_head)>(detail::http_head_act(),
                                                                      std::forward<Token>(token));
  }

  /// Reads some of the body into a buffer, which stays until the handler runs. After the head was taken.
  ///
  /// @par Completion signature        `void(boost::system::error_code, std::size_t)`
  /// @par Errors                      `eof`: the body is whole; `connection_reset`: no more of it comes, and
  ///                                  `trouble` says why; `operation_aborted`
  /// @par Per-operation cancellation  `terminal`, `partial`, `total`: this wait only
  template <class Token = boost::asio::deferred_t>
  auto async_read_some(boost::asio::mutable_buffer into, Token&& token = {}) const {
    return begin<void(boost::system::error_code, std::size_t)>(
        detail::http_read_act{.into = {static_cast<std::byte*>(into.data()), into.size()}},
        std::forward<Token>(token));
  }

  const std::shared_ptr<bridge::http_traffic>& through() const noexcept {  // not for use outside Holdfast
    return through_;
  }

 private:
  http_exchange(std::shared_ptr<bridge::http_traffic> through, boost::asio::any_io_executor on) noexcept
      : through_(std::move(through)), on_(std::move(on)) {}

  template <class Signature, class Act, class Token>
  auto begin(Act what, Token&& token) const {
    return boost::asio::async_compose<Token, Signature>(
        detail::http_operation<Act>(through_, on_, std::move(what)), token, on_);
  }

  std::shared_ptr<bridge::http_traffic> through_;  // null: moved from
  boost::asio::any_io_executor on_;
};

}  // namespace holdfast
