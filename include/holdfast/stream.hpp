// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <holdfast/codec.hpp>
#include <holdfast/codec_described.hpp>
#include <holdfast/codec_parts.hpp>
#include <holdfast/codec_run.hpp>
#include <holdfast/pipe_end.hpp>
#include <type_traits>
#include <utility>

/// Streams and futures of components, for Boost.Asio.
///
///     auto [out, in] = hf::make_byte_stream(executor);
///     auto told = shop.async_call("restock", hf::args(in), hf::call_options{}, asio::use_future);
///     co_await asio::async_write(out, asio::buffer(catalogue), asio::use_awaitable);
///     out.close();
///
/// One writes, one reads; either is the embedder or a guest. Between them lie a bounded number of bytes, so
/// who is faster waits: that is the back-pressure both ways, and a guest that waits goes on with its other
/// calls.
///
/// Leaving is closing: an end that is destroyed or closed tells the other, and never ends, pauses or poisons
/// a call. To a guest a reader that left is `dropped`, which is for it to act on. To the embedder
///
/// | the other end | a read | a write |
/// |---|---|---|
/// | closed | what was written, then `asio::error::eof` | `asio::error::broken_pipe` |
/// | was lost with its instance | what was written, then `asio::error::connection_reset` | `broken_pipe` |
///
/// A reading end is an argument of one call at most. A call that never began has closed it.
///
/// @par Cancellation  any bit of a token's slot ends the wait, with `asio::error::operation_aborted`, and
/// nothing was read or written. The end stays open.
/// @par Thread safety  distinct objects: safe, also the two ends of one stream. One operation at a time on
/// each
namespace holdfast {

/// What lies between the ends of a stream at most, in bytes.
inline constexpr std::size_t default_stream_capacity = 64U << 10;

namespace detail {

template <class T>
bool fits_element(const std::optional<wit::type>& of) {
  static_assert(!wit::needs_type<T>,
                "what comes through a stream has one C++ type, without a wit::value in it");
  wit::mismatch why;
  return of && wit::codec<T>::fits(*of, why);
}

/// One try at moving some bytes. Its type is written out, because there are more functions of that name.
template <class Byte>
using byte_attempt = pipe_end::step (*)(pipe_end::shared&, std::span<Byte>, std::size_t&,
                                        boost::system::error_code&);

/// Moves some bytes one way, by `Attempt`.
template <class Byte, byte_attempt<Byte> Attempt>
struct byte_transfer {
  std::span<Byte> bytes;
  std::size_t moved = 0;
  pipe_end::step attempt(pipe_end::shared& end, boost::system::error_code& why) {
    return Attempt(end, bytes, moved, why);
  }
  template <class Self>
  void complete(Self& self, boost::system::error_code why) {
    self.complete(why, moved);
  }
};

/// Begins to, with the first of the buffers that is not empty.
template <class Byte, byte_attempt<Byte> Attempt, class Buffers, class Token>
auto async_transfer(const pipe_end& end, const Buffers& buffers, Token&& token) {
  byte_transfer<Byte, Attempt> what;
  for (auto each = boost::asio::buffer_sequence_begin(buffers);
       each != boost::asio::buffer_sequence_end(buffers) && what.bytes.empty(); ++each) {
    const std::conditional_t<std::is_const_v<Byte>, boost::asio::const_buffer, boost::asio::mutable_buffer>
        next = *each;
    what.bytes = {static_cast<Byte*>(next.data()), next.size()};
  }
  return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
      pipe_operation(end, what), token, end.executor());
}

}  // namespace detail

/// Reads a `stream<u8>`: Boost.Asio's `AsyncReadStream`.
class byte_reader {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// @throws std::system_error `bad_arguments`: it is no stream of bytes, or somebody has it
  byte_reader(executor_type on, const wit::readable& from)
      : end_(detail::pipe_end::read(std::move(on), from, wit::kind::stream, true,
                                    detail::fits_element<std::uint8_t>)) {}

  /// Where handlers run that name no executor.
  executor_type get_executor() const noexcept { return end_.executor(); }

  /// Reads what there is into the first of the buffers that is not empty, or waits for it:
  /// `void(error_code, std::size_t)`.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return detail::async_transfer<std::byte, &detail::read_some>(end_, into, std::forward<Token>(token));
  }

  /// Leaves: the writer is told, and a read that waits ends as aborted. So does the destructor.
  void close() noexcept { end_.close(false); }

 private:
  detail::pipe_end end_;
};

/// Writes a `stream<u8>`: Boost.Asio's `AsyncWriteStream`.
class byte_writer {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// Where handlers run that name no executor.
  executor_type get_executor() const noexcept { return end_.executor(); }

  /// Writes as much as there is room for of the first of the buffers that is not empty:
  /// `void(error_code, std::size_t)`.
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return detail::async_transfer<const std::byte, &detail::write_some>(end_, from,
                                                                        std::forward<Token>(token));
  }

  /// The end of the stream: what was written is read, then nothing. So does the writer's destructor.
  void close() noexcept { end_.close(false); }

 private:
  friend std::pair<byte_writer, wit::readable> make_byte_stream(boost::asio::any_io_executor, std::size_t);
  explicit byte_writer(detail::pipe_end end) noexcept : end_(std::move(end)) {}
  detail::pipe_end end_;
};

/// A `stream<u8>` that the embedder writes: the writer, and the argument.
inline std::pair<byte_writer, wit::readable> make_byte_stream(
    boost::asio::any_io_executor on, std::size_t capacity = default_stream_capacity) {
  auto [end, other] = detail::pipe_end::write(std::move(on), wit::kind::stream, true, capacity,
                                              detail::fits_element<std::uint8_t>);
  return {byte_writer(std::move(end)), std::move(other)};
}

}  // namespace holdfast
