// SPDX-License-Identifier: Apache-2.0
#include "serve/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <cstring>
#include <exception>

namespace holdfast::serve {
namespace {

constexpr std::size_t most_discarded = 256U << 10;  // of a body that no handler read
constexpr std::size_t first_buffer = 4096;
constexpr std::chrono::seconds longest_linger(2);
constexpr std::string_view continue_answer = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

connection::connection(connection_setting of, std::unique_ptr<byte_stream> stream, std::string peer,
                       loop_executor on)
    : of_(of),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      on_(on),
      buffer_(std::min(first_buffer, of.limits.head_bytes)),
      finder_(of.limits) {}

connection::~connection() = default;

void connection::sweep(time_point now) noexcept {
  if (now >= read_until_ || now >= write_until_) stream_->cancel();
}

void connection::begin_end() noexcept {
  ending_ = true;
  keep_ = false;
  if (between_) stream_->cancel();
}

// Reads once, behind what is there. A head that grows gets more room, up to the longest.
task<io_result> connection::fill(duration length) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size() && begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size())
    buffer_.resize(std::min(buffer_.size() * 2, of_.limits.head_bytes + first_buffer));
  if (length != duration::max()) read_until_ = after(length);
  io_result got;
  // What the other direction ran into is not this one's.
  do got = co_await stream_->read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_));
  while (got.failed == asio::error::operation_aborted && !late(read_until_) && !unread_body_ &&
         !(ending_ && between_) && stream_->lowest().is_open());
  if (length != duration::max() && !late(read_until_)) read_until_ = time_point::max();
  end_ += got.bytes;
  co_return got;
}

task<void> connection::run() {
  read_until_ = after(of_.limits.tls_timeout);
  if (const io_result shaken = co_await stream_->shake_hands(); shaken.failed) {
    stream_->reset();
    co_return;
  }
  certified_ = stream_->client_name();
  read_until_ = time_point::max();
  while (keep_) {
    const head_end how = co_await read_head();
    if (how == head_end::over) break;
    if (how == head_end::read) co_await serve_one();
    if (lost_) {
      stream_->reset();
      co_return;
    }
  }
  co_await linger();
}

task<connection::head_end> connection::read_head() {
  finder_.reset();
  parser_.emplace(of_.limits);
  request_ = {};
  refusal_ = {};
  noted = {};
  traced.reset();
  status_ = 0;
  sent_ = 0;
  answered_ = false;
  unread_body_ = false;
  between_ = begin_ == end_;
  bool begun = !between_;
  read_until_ = after(begun ? of_.limits.head_timeout : of_.limits.idle_timeout);
  for (;;) {
    if (begin_ != end_) {
      if (!begun) read_until_ = after(of_.limits.head_timeout);
      begun = true;
      between_ = false;
      auto found = finder_.look(unread());
      if (found.wrong) {
        co_await refuse(*found.wrong);
        co_return head_end::refused;
      }
      if (found.size) {
        read_until_ = time_point::max();
        auto wrong = parser_->read_head(unread().substr(0, *found.size));
        begin_ += *found.size;
        request_ = std::move(parser_->request());
        if (wrong) {
          co_await refuse(*wrong);
          co_return head_end::refused;
        }
        co_return head_end::read;
      }
    }
    const io_result got = co_await fill(duration::max());
    if (!got.failed) continue;
    keep_ = false;
    const bool too_late = got.failed == asio::error::operation_aborted && begun && late(read_until_);
    read_until_ = time_point::max();
    if (too_late) {
      const http_refusal why(408, "the head of the request did not come in time");
      co_await refuse(why);
      co_return head_end::refused;
    }
    lost_ = begun && got.failed != asio::error::operation_aborted;
    co_return head_end::over;
  }
}

task<void> connection::refuse(const http_refusal& why) {
  keep_ = false;
  const time_point began = of_.time.now();
  const http_answer told = of_.handler.refused(why);
  co_await answer(told);
  of_.handler.served(*this, status_, sent_, of_.time.now() - began);
}

task<void> connection::serve_one() {
  const time_point began = of_.time.now();
  ++requests_;
  keep_ = request_.keep_alive && !ending_ && requests_ < of_.limits.requests;
  bool failed = false;
  try {
    co_await of_.handler.serve(*this);
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "holdfast: a request was answered with 500: %s\n", wrong.what());
    failed = true;
  }
  stop_watching();
  if (failed || (status_ == 0 && !lost_)) {
    keep_ = false;
    if (status_ == 0) {
      const http_answer told =
          of_.handler.refused(http_refusal(500, "something is wrong with Holdfast itself"));
      co_await answer(told);
    }
  }
  if (status_ != 0 && !answered_) lost_ = true;  // it began and did not come whole
  of_.handler.served(*this, status_, sent_, of_.time.now() - began);
  if (!lost_ && keep_ && !parser_->done() && !co_await discard_body()) keep_ = false;
}

// What was sent of a body that nobody wanted stands between us and the next request.
task<bool> connection::discard_body() {
  if (request_.expects_continue) co_return false;  // it may come, or not
  std::array<char, 4096> into;                     // NOLINT: written before it is read
  std::size_t all = 0;
  for (;;) {
    const piece got = co_await read_some(asio::buffer(into));
    if (got.wrong) co_return false;
    if (got.bytes == 0) co_return true;
    all += got.bytes;
    if (all > most_discarded) co_return false;
  }
}

task<http_turn::piece> connection::read_some(asio::mutable_buffer into) {
  if (request_.expects_continue && !parser_->done() && status_ == 0) {
    request_.expects_continue = false;
    if (!co_await send(asio::buffer(continue_answer), {})) {
      refusal_ = {0, {}};
      co_return piece{.wrong = true};
    }
  }
  for (;;) {
    if (unread_body_) co_return piece{.wrong = true};
    const auto taken = parser_->read_body(unread(), static_cast<char*>(into.data()), into.size());
    begin_ += taken.used;
    if (taken.wrong) {
      keep_ = false;
      refusal_ = *taken.wrong;
      co_return piece{.wrong = true};
    }
    if (taken.filled != 0 || parser_->done()) co_return piece{.bytes = taken.filled};
    const io_result got = co_await fill(of_.limits.body_timeout);
    if (!got.failed) continue;
    keep_ = false;
    const bool too_late = got.failed == asio::error::operation_aborted;
    read_until_ = time_point::max();
    refusal_ = too_late ? http_refusal{408, "the body of the request did not come in time"}
                        : http_refusal{0, "the client went away before the body had come"};
    lost_ = lost_ || (!too_late && got.failed != asio::error::eof);
    // Half a body from somebody who has closed one half of the connection, and may hear why.
    if (got.failed == asio::error::eof) refusal_ = {400, "the body ends before its length"};
    co_return piece{.wrong = true};
  }
}

task<bool> connection::read_all(std::string& into, std::size_t most) {
  const auto too_long = [&] {
    keep_ = false;
    refusal_ = {413, "the body is longer than " + std::to_string(most) + " bytes"};
    return false;
  };
  into.clear();
  if (request_.framing == body_framing::none) co_return true;
  const bool told = request_.framing == body_framing::length;
  if (told && request_.length > most) co_return too_long();
  for (;;) {
    const std::size_t have = into.size();
    std::size_t room = std::max<std::size_t>(have + (told ? 64U << 10 : 4096), std::min(have * 2, most));
    // One more, for the word that this was all.
    if (told) room = std::max<std::size_t>(have + 1, std::min<std::size_t>(room, request_.length));
    into.resize(room);
    const piece got = co_await read_some(asio::buffer(into.data() + have, into.size() - have));
    into.resize(have + got.bytes);
    if (got.wrong) co_return false;
    if (got.bytes == 0) co_return true;
    if (into.size() > most) co_return too_long();
  }
}

void connection::stop_reading() noexcept {
  keep_ = false;
  unread_body_ = true;
  stream_->cancel();
}

task<bool> connection::send(asio::const_buffer first, asio::const_buffer second) {
  gather left{first, second};
  while (!lost_ && left[0].size() + left[1].size() != 0) {
    write_until_ = after(of_.limits.write_timeout);
    const io_result put = co_await stream_->write_some(left);
    const bool too_late = late(write_until_);
    write_until_ = time_point::max();
    if (put.failed == asio::error::operation_aborted && !too_late && stream_->lowest().is_open()) continue;
    if (put.failed) {
      lost_ = true;
      break;
    }
    const std::size_t of_first = std::min(put.bytes, left[0].size());
    left[0] += of_first;
    left[1] += put.bytes - of_first;
  }
  co_return !lost_;
}

// What goes on with HTTP/1.1 by itself has to be said with HTTP/1.0.
std::string_view connection::persistence() const noexcept {
  return !keep_ ? "close" : request_.version == 10 ? "keep-alive" : "";
}

task<bool> connection::answer(const http_answer& what) {
  const std::string_view content = what.content();
  const bool bodiless = what.status == 204 || what.status == 304 || what.status < 200;
  status_ = what.status;
  head_.clear();
  write_head(head_, what.status, what.fields, bodiless ? answer_framing::none : answer_framing::length,
             content.size(), persistence(), http_date());
  const bool with_content = !bodiless && request_.method != http_method::head;
  answered_ = co_await send(asio::buffer(head_), with_content ? asio::buffer(content) : asio::const_buffer());
  if (answered_ && with_content) sent_ += content.size();
  co_return answered_;
}

task<bool> connection::begin_answer(const http_answer& head, std::optional<std::uint64_t> length) {
  status_ = head.status;
  const bool bodiless = head.status == 204 || head.status == 304;
  framing_ = bodiless                 ? answer_framing::none
             : length                 ? answer_framing::length
             : request_.version == 11 ? answer_framing::chunked
                                      : answer_framing::until_close;
  if (framing_ == answer_framing::until_close) keep_ = false;
  head_.clear();
  write_head(head_, head.status, head.fields, framing_, length.value_or(0), persistence(), http_date());
  co_return co_await send(asio::buffer(head_), {});
}

task<bool> connection::write(asio::const_buffer some) {
  if (some.size() == 0 || request_.method == http_method::head || framing_ == answer_framing::none)
    co_return !lost_;
  if (framing_ != answer_framing::chunked) {
    sent_ += some.size();
    co_return co_await send(some, {});
  }
  char digits[20];
  const int length = std::snprintf(digits, sizeof digits, "%zx\r\n", some.size());
  head_.assign(digits, static_cast<std::size_t>(length));
  if (!co_await send(asio::buffer(head_), some)) co_return false;
  sent_ += some.size();
  co_return co_await send(asio::buffer("\r\n", 2), {});
}

task<bool> connection::end_answer() {
  if (framing_ == answer_framing::chunked && request_.method != http_method::head)
    answered_ = co_await send(asio::buffer("0\r\n\r\n", 5), {});
  else
    answered_ = !lost_;
  co_return answered_;
}

// A client that is told no, while it still writes, would be told by a reset, and not see the answer.
task<void> connection::linger() {
  read_until_ = after(longest_linger);
  co_await stream_->end_writing();
  std::size_t all = 0;
  while (all < most_discarded && !late(read_until_)) {
    begin_ = end_ = 0;
    const io_result got = co_await stream_->read_some(asio::buffer(buffer_));
    if (got.failed) break;
    all += got.bytes;
  }
  boost::system::error_code ignored;
  stream_->lowest().close(ignored);
}

// To watch costs system calls, so it begins when the loop comes round and the handler still waits: a short
// call is over by then.
void connection::watch() {
  watched_ = true;
  asio::post(on_, [self = shared_from_this(), turn = requests_] {
    if (self->watched_ && turn == self->requests_ && !self->watching_now_ && !self->lost_)
      self->watch_client();
  });
}

void connection::watch_client() {
  watching_now_ = true;
  stream_->lowest().async_wait(
      stream_socket::wait_error,
      asio::bind_cancellation_slot(
          watching_.slot(), [self = shared_from_this()](const boost::system::error_code& failed) {
            self->watching_now_ = false;
            if (!self->watched_) return;
            if (failed) {  // for a request before this one
              if (self->stream_->lowest().is_open()) self->watch_client();
              return;
            }
            // Urgent data wakes too, and is nothing that we speak.
            pollfd state{self->stream_->lowest().native_handle(), 0, 0};
            if (poll(&state, 1, 0) != 1 || (state.revents & (POLLERR | POLLHUP)) == 0) return;
            self->lost_ = true;
            self->leaving_.emit(asio::cancellation_type::terminal);
          }));
}

void connection::stop_watching() noexcept {
  watched_ = false;
  if (watching_now_) watching_.emit(asio::cancellation_type::terminal);
}

}  // namespace holdfast::serve
