// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/stream.hpp>
#include <holdfast/typed.hpp>
#include <type_traits>

/// Streams and futures of any element type that has a codec; all that `holdfast/stream.hpp` says holds for
/// them.
///
///     auto [out, in] = hf::make_stream<std::string>(executor);
///     co_await out.async_write("first", asio::use_awaitable);
///
///     hf::stream_reader<order> orders(executor, reply.value->get<hf::wit::readable>());
///     while (auto next = co_await orders.async_next(asio::use_awaitable)) ship(*next);
///
/// A future is a stream of one element: a `future_writer` that was destroyed before it wrote has lost it. An
/// element is at most 1 MiB long, packed.
///
/// Of an end that a guest passed on unread its reader is not told that the writer was lost: a stream ends, a
/// future never comes.
namespace holdfast {
namespace detail {

template <class T>
std::vector<std::byte> packed_element(const T& element) {
  wit::packer out(wit::placement::in_line);
  if (!wit::codec<T>::pack(out, wit::type(wit::kind::boolean), element))
    throw_exception_from_error(out.failure("element"), BOOST_CURRENT_LOCATION);
  return {out.bytes().begin(), out.bytes().end()};
}

template <class T>
struct read_element {
  std::optional<std::vector<std::byte>> packed{};
  pipe_end::step attempt(pipe_end::shared& end, boost::system::error_code& why) {
    return take_element(end, packed, why);
  }
  template <class Self>
  void complete(Self& self, boost::system::error_code why) {
    std::optional<T> element;
    if (packed) {
      auto read = wit::unpack_with(*packed, {}, [](wit::unpacker& in) {
        return wit::codec<T>::unpack(in, wit::type(wit::kind::boolean));
      });
      if (read) {
        element = *std::move(read);
      } else {  // malformed, or what a `representation` makes of it
        why = boost::asio::error::invalid_argument;
      }
    }
    self.complete(why, std::move(element));
  }
};

struct write_element {
  std::vector<std::byte> packed;
  pipe_end::step attempt(pipe_end::shared& end, boost::system::error_code& why) {
    return put_element(end, packed, why);
  }
  template <class Self>
  void complete(Self& self, boost::system::error_code why) {
    self.complete(why);
  }
};

/// Of a stream or of a future.
template <class T, wit::kind Of>
class element_reader {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// @throws std::system_error `bad_arguments`: it is of another kind or element type, or somebody has it
  element_reader(executor_type on, const wit::readable& from)
      : end_(pipe_end::read(std::move(on), from, Of, false, fits_element<T>)) {}

  executor_type get_executor() const noexcept { return end_.executor(); }

  /// The next element, or none at the end: `void(error_code, std::optional<T>)`.
  template <class Token>
  auto async_next(Token&& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code, std::optional<T>)>(
        pipe_operation(end_, read_element<T>{}), token, end_.executor());
  }

  void close() noexcept { end_.close(false); }

 private:
  pipe_end end_;
};

}  // namespace detail

/// Reads a `stream<t>`.
template <class T>
using stream_reader = detail::element_reader<T, wit::kind::stream>;

/// Reads a `future<t>`: its one element, and none where its writer was done without.
template <class T>
using future_reader = detail::element_reader<T, wit::kind::future>;

/// Writes a `stream<t>`.
template <class T>
class stream_writer {
 public:
  using executor_type = boost::asio::any_io_executor;

  /// `make_stream` makes it; not for use outside Holdfast.
  explicit stream_writer(detail::pipe_end end) noexcept : end_(std::move(end)) {}

  /// Where handlers run that name no executor.
  executor_type get_executor() const noexcept { return end_.executor(); }

  /// Writes an element when there is room for it: `void(error_code)`.
  /// @throws std::system_error `bad_arguments`: no WIT value, such as a string that is not UTF-8
  template <class Token>
  auto async_write(const T& element, Token&& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code)>(
        detail::pipe_operation(end_, detail::write_element{detail::packed_element(element)}), token,
        end_.executor());
  }

  /// The end of the stream: what was written is read, then nothing. So does the writer's destructor.
  void close() noexcept { end_.close(false); }

 private:
  detail::pipe_end end_;
};

/// Writes a `future<t>`, once.
template <class T>
class future_writer {
 public:
  /// `make_future` makes it; not for use outside Holdfast.
  explicit future_writer(detail::pipe_end end) noexcept : end_(std::move(end)) {}
  future_writer(future_writer&&) noexcept = default;
  future_writer& operator=(future_writer&& other) noexcept {
    end_.close(!written_);
    end_ = std::move(other.end_);
    written_ = other.written_;
    return *this;
  }
  /// One that did not write loses it: a guest then waits for as long as its call may run.
  ~future_writer() { end_.close(!written_); }

  /// Never waits. What comes after the first is dropped.
  /// @throws std::system_error `bad_arguments`: no WIT value, such as a string that is not UTF-8
  void set(const T& element) {
    std::vector<std::byte> packed = detail::packed_element(element);
    boost::system::error_code left;
    if (!written_) put_element(*end_.through(), packed, left);
    written_ = true;
  }

 private:
  detail::pipe_end end_;
  bool written_ = false;
};

/// A `stream<t>` that the embedder writes: the writer, and the argument.
template <class T>
std::pair<stream_writer<T>, wit::readable> make_stream(boost::asio::any_io_executor on,
                                                       std::size_t capacity = default_stream_capacity) {
  static_assert(!std::is_same_v<T, std::uint8_t>, "a stream of bytes is made by make_byte_stream");
  auto [end, other] =
      detail::pipe_end::write(std::move(on), wit::kind::stream, false, capacity, detail::fits_element<T>);
  return {stream_writer<T>(std::move(end)), std::move(other)};
}

/// A `future<t>` that the embedder writes.
template <class T>
std::pair<future_writer<T>, wit::readable> make_future(boost::asio::any_io_executor on) {
  auto [end, other] =
      detail::pipe_end::write(std::move(on), wit::kind::future, false, 1, detail::fits_element<T>);
  return {future_writer<T>(std::move(end)), std::move(other)};
}

}  // namespace holdfast
