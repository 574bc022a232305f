// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/intrusive/list.hpp>
#include <holdfast/duration.hpp>
#include <memory>
#include <string>

#include "core/time_source.hpp"
#include "serve/byte_stream.hpp"
#include "serve/config.hpp"
#include "serve/head_finder.hpp"
#include "serve/http_turn.hpp"
#include "serve/patience.hpp"
#include "serve/request_parser.hpp"

/// One client's connection: requests one after the other, each answered before the next is read.
namespace holdfast::serve {

/// What connections share. Outlives them.
struct connection_setting {
  const http_limits& limits;
  http_handler& handler;
  const core::time_source& time;
};

/// For the thread of its loop. Held by its own coroutine.
class connection final
    : public http_turn,
      public std::enable_shared_from_this<connection>,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  connection(connection_setting of, std::unique_ptr<byte_stream> stream, std::string peer, loop_executor on);
  ~connection();

  /// Serves until it is over.
  task<void> run();

  /// Looked at now and then: what takes too long is ended.
  void sweep(time_point now) noexcept;
  /// No request is begun any more. One that is there comes to its end.
  void begin_end() noexcept;
  /// At once.
  void reset() noexcept { stream_->reset(); }

  const std::string& peer() const noexcept override { return peer_; }
  const std::string& certified() const noexcept override { return certified_; }
  bool encrypted() const noexcept override { return stream_->encrypted(); }
  task<piece> read_some(asio::mutable_buffer into) override;
  task<bool> read_all(std::string& into, std::size_t most) override;
  void stop_reading() noexcept override;
  std::optional<std::string_view> take_body(std::size_t most) noexcept override;
  task<bool> begin_answer(const http_answer& head, std::optional<std::uint64_t> length) override;
  task<bool> write(asio::const_buffer some) override;
  task<bool> end_answer() override;
  void abort_answer() noexcept override { lost_ = true; }
  asio::cancellation_slot when_left() noexcept override { return leaving_.slot(); }
  void watch() override;
  bool left() const noexcept override { return lost_; }
  bool ending() const noexcept override { return ending_; }
  loop_executor executor() noexcept override { return on_; }

 private:
  enum class head_state : std::uint8_t { waited_for, read, refused, over };
  void begin_request() noexcept;
  head_state look_for_head();
  head_state after_piece_of_head(const io_result& got);
  head_state refuse(http_refusal why);
  gather put_answer(const http_answer& what);
  task<bool> discard_body();
  task<void> linger();
  asio::mutable_buffer room();
  task<io_result> fill_body();
  bool write_now(gather& what) noexcept;
  task<bool> send(gather what);
  void watch_client();
  void stop_watching() noexcept;
  time_point after(duration length) const noexcept { return core::later(of_.time.now(), length); }
  bool late(time_point until) const noexcept { return of_.time.now() >= until; }
  std::string_view persistence() const noexcept;
  std::string_view unread() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

  const connection_setting of_;
  const std::unique_ptr<byte_stream> stream_;
  const std::string peer_;
  std::string certified_;
  const loop_executor on_;

  std::vector<char> buffer_;  // of what came, as large as the longest head
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  head_finder finder_;
  std::optional<request_parser> parser_;
  std::size_t requests_ = 0;

  std::string head_;        // of the answer; kept for its memory
  unsigned status_ = 0;     // of the answer; 0: none was begun
  std::uint64_t sent_ = 0;  // of the answer's content
  answer_framing framing_ = answer_framing::none;
  bool answered_ = false;  // whole
  bool keep_ = true;       // whether another request may follow
  bool lost_ = false;      // the client is gone
  bool ending_ = false;
  bool between_ = false;      // requests: nothing of the next one has come
  bool unread_body_ = false;  // is nobody's any more
  // What is waited for now, in each direction.
  time_point read_until_ = time_point::max();
  time_point write_until_ = time_point::max();
  patience of_body_;
  patience of_answer_;

  asio::cancellation_signal leaving_;
  asio::cancellation_signal watching_;
  bool watched_ = false;       // somebody wants to know
  bool watching_now_ = false;  // the loop has it
};

using connections = boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>>;

}  // namespace holdfast::serve
