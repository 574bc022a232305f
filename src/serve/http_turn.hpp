// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <holdfast/call_id.hpp>
#include <holdfast/duration.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http_answer.hpp"
#include "serve/http_request.hpp"
#include "serve/rate_gate.hpp"
#include "serve/task.hpp"
#include "serve/trace_context.hpp"

/// One request on a connection, and its answer: what a handler gets.
namespace holdfast::serve {

/// For the thread of its connection, as long as the handler runs.
class http_turn {
 public:
  http_turn(const http_turn&) = delete;
  http_turn& operator=(const http_turn&) = delete;

  const http_request& request() const noexcept { return request_; }
  /// When its head had come, by the server's clock.
  time_point began() const noexcept { return began_; }
  /// The address of the client, or `unix`.
  virtual const std::string& peer() const noexcept = 0;
  /// Whom the certificate of the client names; empty: it has shown none.
  virtual const std::string& certified() const noexcept = 0;
  virtual bool encrypted() const noexcept = 0;

  struct piece {
    std::size_t bytes = 0;  ///< 0: the body has come whole, or something is wrong
    bool wrong = false;     ///< `refusal` says what
  };
  /// Some of the request's body, decoded. A slow client is waited for as long as `body_timeout` and
  /// `least_rate` say.
  virtual task<piece> read_some(asio::mutable_buffer into) = 0;
  /// All of it. False: something is wrong with it, or it is longer than `most`, and `refusal` says what.
  virtual task<bool> read_all(std::string& into, std::size_t most) = 0;
  /// The same without a wait, where it has come with its head, as short ones do. Until this turn is over.
  virtual std::optional<std::string_view> take_body(std::size_t most) noexcept = 0;
  /// Ends a reading that is under way elsewhere: what is left of the body is nobody's.
  virtual void stop_reading() noexcept = 0;
  /// Why a body could not be read. Status 0: the client is gone.
  const http_refusal& refusal() const noexcept { return refusal_; }

  /// Answers in pieces, of whatever length in all. False: the client is gone.
  virtual task<bool> begin_answer(const http_answer& head, std::optional<std::uint64_t> length = {}) = 0;
  virtual task<bool> write(asio::const_buffer some) = 0;
  virtual task<bool> end_answer() = 0;
  /// Nothing more comes, and the client is to know that it did not come whole.
  virtual void abort_answer() noexcept = 0;

  /// Gets `terminal` when the client is found to have left: its connection was reset. That it has only closed
  /// its sending half, is not leaving. Asked for before what may take long, and not twice at a time.
  asio::cancellation_slot leaving() {
    watch();
    return when_left();
  }
  /// The same in two parts: the client is looked after from `watch` on.
  virtual asio::cancellation_slot when_left() noexcept = 0;
  virtual void watch() = 0;
  /// Whether it has.
  virtual bool left() const noexcept = 0;
  /// Whether the server is to end: what would go on for ever looks now and then.
  virtual bool ending() const noexcept = 0;

  virtual loop_executor executor() noexcept = 0;

  /// For the access log: what the request came to beside its status.
  struct remarks {
    call_id call{};
    std::string_view outcome{};  ///< a word that is kept
    std::string component{};
    std::string function{};
    std::string principal{};

    /// As new ones, with the memory that they have.
    void clear() noexcept {
      call = {};
      outcome = {};
      for (std::string* const each : {&component, &function, &principal}) each->clear();
    }
  };
  remarks noted{};
  rate_pass admitted{};                   ///< until the request is answered
  std::optional<request_trace> traced{};  ///< nothing: traces are off, or no handler has seen it

 protected:
  http_turn() = default;
  ~http_turn() = default;
  http_request request_{};
  http_refusal refusal_{};
  time_point began_{};
};

/// Answers requests, several at a time, each on the thread of its connection.
class http_handler {
 public:
  virtual ~http_handler() = default;
  /// Gives the answer. Nothing: it has answered in pieces, or the client is gone. What it throws is answered
  /// as 500.
  virtual task<std::optional<http_answer>> serve(http_turn& turn) = 0;
  /// A request that no handler saw was answered so.
  virtual http_answer refused(const http_refusal& why) = 0;
  /// The same where a handler saw it, and nobody knows how far it came.
  virtual http_answer broken(const http_refusal& why) = 0;
  /// A request is over. `status` 0: the client left before it was answered.
  virtual void served(const http_turn& turn, unsigned status, std::uint64_t bytes) noexcept = 0;
};

}  // namespace holdfast::serve
