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
constexpr std::size_t most_copied =
    4096;  // of a body, behind its head: cheaper than two buffers for the kernel
constexpr std::string_view continue_answer = "HTTP/1.1 100 Continue\r\n\r\n";

void advance(gather& what, std::size_t bytes) noexcept {
  const std::size_t of_first = std::min(bytes, what[0].size());
  what[0] += of_first;
  what[1] += bytes - of_first;
}

}  // namespace

connection::connection(connection_setting of, std::unique_ptr<byte_stream> stream, std::string peer,
                       loop_executor on)
    : of_(of),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      on_(on),
      buffer_(std::min(first_buffer, of.limits.head_bytes)),
      finder_(of.limits),
      of_body_(of.limits.body_timeout, of.limits.least_rate),
      of_answer_(of.limits.write_timeout, of.limits.least_rate) {}

connection::~connection() = default;

void connection::sweep(time_point now) noexcept {
  if (now >= read_until_ || now >= write_until_) stream_->cancel();
}

void connection::begin_end() noexcept {
  ending_ = true;
  keep_ = false;
  if (between_) stream_->cancel();
}

// Behind what is there. A head that grows gets more room, up to the longest.
asio::mutable_buffer connection::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size() && begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size())
    buffer_.resize(std::min(buffer_.size() * 2, of_.limits.head_bytes + first_buffer));
  return asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
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
    begin_request();
    head_state head = look_for_head();
    while (head == head_state::waited_for) {
      const auto [failed, bytes] = co_await stream_->read_some(room());
      head = after_piece_of_head({failed, bytes});
    }
    if (head == head_state::over) break;
    began_ = of_.time.now();
    std::optional<http_answer> told;
    if (head == head_state::refused) {
      told = of_.handler.refused(refusal_);
    } else {
      ++requests_;
      keep_ = request_.keep_alive && !ending_ && requests_ < of_.limits.requests;
      try {
        told = co_await of_.handler.serve(*this);
      } catch (const std::exception& wrong) {
        std::fprintf(stderr, "holdfast: a request was answered with 500: %s\n", wrong.what());
        keep_ = false;
      }
      stop_watching();
      if (!told && status_ == 0 && !lost_) {
        keep_ = false;
        told = of_.handler.broken(http_refusal(500, "something is wrong with Holdfast itself"));
      }
    }
    if (told && status_ == 0 && !lost_) {
      const gather left = put_answer(*told);
      answered_ = asio::buffer_size(left) == 0 ? !lost_ : co_await send(left);
      if (answered_ && request_.method != http_method::head && has_content(told->status))
        sent_ += told->content().size();
    }
    if (status_ != 0 && !answered_) lost_ = true;  // it began and did not come whole
    of_.handler.served(*this, status_, sent_);
    admitted.leave();
    if (!lost_ && keep_ && !parser_->done() && !co_await discard_body()) keep_ = false;
    if (lost_) break;
  }
  if (lost_)
    stream_->reset();
  else
    co_await linger();
}

void connection::begin_request() noexcept {
  finder_.reset();
  request_.clear();
  parser_.emplace(of_.limits, request_);
  refusal_ = {};
  noted.clear();
  traced.reset();
  status_ = 0;
  sent_ = 0;
  answered_ = false;
  unread_body_ = false;
  of_body_.reset();
  of_answer_.reset();
  between_ = begin_ == end_;
  read_until_ = after(between_ ? of_.limits.idle_timeout : of_.limits.head_timeout);
}

connection::head_state connection::look_for_head() {
  if (begin_ == end_) return head_state::waited_for;
  between_ = false;
  auto found = finder_.look(unread());
  if (found.wrong) return refuse(*std::move(found.wrong));
  if (!found.size) return head_state::waited_for;
  read_until_ = time_point::max();
  auto wrong = parser_->read_head(unread().substr(0, *found.size));
  begin_ += *found.size;
  return wrong ? refuse(*std::move(wrong)) : head_state::read;
}

connection::head_state connection::refuse(http_refusal why) {
  keep_ = false;
  read_until_ = time_point::max();
  refusal_ = std::move(why);
  return head_state::refused;
}

connection::head_state connection::after_piece_of_head(const io_result& got) {
  if (!got.failed) {
    const bool first = between_;
    end_ += got.bytes;
    const head_state now = look_for_head();
    if (first && now == head_state::waited_for) read_until_ = after(of_.limits.head_timeout);
    return now;
  }
  const bool aborted = got.failed == asio::error::operation_aborted;
  const bool too_late = aborted && late(read_until_);
  // What the other direction ran into is not this one's.
  if (aborted && !too_late && !(ending_ && between_) && stream_->lowest().is_open())
    return head_state::waited_for;
  keep_ = false;
  read_until_ = time_point::max();
  if (too_late && !between_) return refuse(http_refusal(408, "the head of the request did not come in time"));
  // Whoever closes one half behind half a head may read what was answered before.
  lost_ = !between_ && !aborted && got.failed != asio::error::eof;
  return head_state::over;
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

// Reads once.
task<io_result> connection::fill_body() {
  const duration limit = of_body_.next();
  if (limit == duration::zero()) co_return io_result{asio::error::operation_aborted, 0};
  const asio::mutable_buffer into = room();
  const time_point began = of_.time.now();
  read_until_ = core::later(began, limit);
  io_result got;
  // What the other direction ran into is not this one's.
  do std::tie(got.failed, got.bytes) = co_await stream_->read_some(into);
  while (got.failed == asio::error::operation_aborted && !late(read_until_) && !unread_body_ &&
         stream_->lowest().is_open());
  of_body_.note(of_.time.now() - began, got.bytes);
  if (!got.failed) read_until_ = time_point::max();
  end_ += got.bytes;
  co_return got;
}

std::optional<std::string_view> connection::take_body(std::size_t most) noexcept {
  if (request_.framing == body_framing::none) return std::string_view();
  if (request_.expects_continue || request_.length > most) return std::nullopt;
  const auto body = parser_->take_body(unread());
  if (body) begin_ += body->size();
  return body;
}

task<http_turn::piece> connection::read_some(asio::mutable_buffer into) {
  if (request_.expects_continue && !parser_->done() && status_ == 0) {
    request_.expects_continue = false;
    if (!co_await send({asio::buffer(continue_answer), {}})) {
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
    const io_result got = co_await fill_body();
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

// As a rule the kernel has room: then the loop is not asked. False: what is left has to be waited for.
bool connection::write_now(gather& what) noexcept {
  while (!lost_ && asio::buffer_size(what) != 0) {
    const io_result put = stream_->write_now(what);
    if (put.failed == asio::error::would_block) return false;
    if (put.failed) lost_ = true;
    advance(what, put.bytes);
    of_answer_.note(duration::zero(), put.bytes);
  }
  return true;
}

task<bool> connection::send(gather what) {
  while (!write_now(what)) {
    const duration limit = of_answer_.next();
    lost_ = limit == duration::zero();
    if (lost_) break;
    const time_point began = of_.time.now();
    write_until_ = core::later(began, limit);
    const auto [failed, bytes] = co_await stream_->write_some(what);
    const bool too_late = late(write_until_);
    write_until_ = time_point::max();
    of_answer_.note(of_.time.now() - began, bytes);
    advance(what, bytes);
    // What the other direction ran into is not this one's. Through TLS half a record may be on its way.
    if (failed == asio::error::operation_aborted && !too_late && !stream_->encrypted() &&
        stream_->lowest().is_open())
      continue;
    if (failed) lost_ = true;
  }
  co_return !lost_;
}

// What goes on with HTTP/1.1 by itself has to be said with HTTP/1.0.
std::string_view connection::persistence() const noexcept {
  const bool unasked = request_.expects_continue && !parser_->done();  // its body may come, or not
  return !keep_ || unasked ? "close" : request_.version == 10 ? "keep-alive" : "";
}

// Writes what the kernel takes; gives the rest.
gather connection::put_answer(const http_answer& what) {
  const std::string_view content = what.content();
  const bool contained = has_content(what.status);
  status_ = what.status;
  head_.clear();
  write_head(head_, what, contained ? answer_framing::length : answer_framing::none, content.size(),
             persistence(), http_date());
  gather all{};
  if (contained && request_.method != http_method::head) {
    if (content.size() <= most_copied)
      head_ += content;
    else
      all[1] = asio::buffer(content);
  }
  all[0] = asio::buffer(head_);
  write_now(all);
  if (lost_) all = {};
  return all;
}

task<bool> connection::begin_answer(const http_answer& head, std::optional<std::uint64_t> length) {
  status_ = head.status;
  framing_ = !has_content(head.status) ? answer_framing::none
             : length                  ? answer_framing::length
             : request_.version == 11  ? answer_framing::chunked
                                       : answer_framing::until_close;
  if (framing_ == answer_framing::until_close) keep_ = false;
  head_.clear();
  write_head(head_, head, framing_, length.value_or(0), persistence(), http_date());
  co_return co_await send({asio::buffer(head_), {}});
}

task<bool> connection::write(asio::const_buffer some) {
  if (some.size() == 0 || request_.method == http_method::head || framing_ == answer_framing::none)
    co_return !lost_;
  if (framing_ != answer_framing::chunked) {
    sent_ += some.size();
    co_return co_await send({some, {}});
  }
  char digits[20];
  const int length = std::snprintf(digits, sizeof digits, "%zx\r\n", some.size());
  head_.assign(digits, static_cast<std::size_t>(length));
  if (!co_await send({asio::buffer(head_), some})) co_return false;
  sent_ += some.size();
  co_return co_await send({asio::buffer("\r\n", 2), {}});
}

task<bool> connection::end_answer() {
  if (framing_ == answer_framing::chunked && request_.method != http_method::head)
    answered_ = co_await send({asio::buffer("0\r\n\r\n", 5), {}});
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
    const auto [failed, bytes] = co_await stream_->read_some(asio::buffer(buffer_));
    if (failed) break;
    all += bytes;
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
            if (poll(&state, 1, 0) != 1 || (state.revents & (POLLERR | POLLHUP)) == 0)
              return self->watch_client();
            self->lost_ = true;
            self->leaving_.emit(asio::cancellation_type::terminal);
          }));
}

void connection::stop_watching() noexcept {
  watched_ = false;
  if (watching_now_) watching_.emit(asio::cancellation_type::terminal);
}

}  // namespace holdfast::serve
