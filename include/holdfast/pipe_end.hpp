// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdint>
#include <holdfast/completion.hpp>
#include <holdfast/initiation.hpp>
#include <holdfast/type.hpp>
#include <holdfast/value_parts.hpp>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <system_error>
#include <utility>
#include <vector>

namespace holdfast::wit {
class pipe;
}

/// The embedder's end of a stream or a future: what stands between Boost.Asio and the pipe behind it.
namespace holdfast::detail {

/// What a wait for the other end answers: that it did something, or that the wait is over. Whoever waited
/// looks.
struct pipe_news {
  std::error_code code{};
};
template <>
struct answered<pipe_news> {
  static pipe_news by(wait_end&) noexcept { return {}; }
};

/// Closes itself.
///
/// @par Thread safety  one thread at a time; the two ends of a pipe are distinct objects
class pipe_end {
 public:
  enum class step : std::uint8_t { done, waits };
  /// Whether elements are of a type; none: they are of no type.
  using fit = bool (*)(const std::optional<wit::type>& of);

  /// A pipe of the embedder's: the writing end, and the value that is the other.
  static std::pair<pipe_end, wit::readable> write(boost::asio::any_io_executor on, wit::kind of, bool bytes,
                                                  std::size_t capacity, fit fits);
  /// Takes a reading end.
  /// @throws std::system_error `bad_arguments`: it is none of that kind, of other elements, or somebody has
  /// it
  static pipe_end read(boost::asio::any_io_executor on, const wit::readable& from, wit::kind of, bool bytes,
                       fit fits);

  pipe_end(pipe_end&&) noexcept = default;
  pipe_end& operator=(pipe_end&& other) noexcept;
  ~pipe_end() { close(false); }

  boost::asio::any_io_executor executor() const noexcept { return on_; }

  /// The other end is told; an operation that waits here is done, as aborted. `lost`: a writer is not done,
  /// it was lost.
  void close(bool lost) noexcept;

  /// What operations work with. It outlives the end.
  struct shared;
  const std::shared_ptr<shared>& through() const noexcept { return through_; }

 private:
  pipe_end(boost::asio::any_io_executor on, std::shared_ptr<shared> through) noexcept
      : on_(std::move(on)), through_(std::move(through)) {}

  boost::asio::any_io_executor on_;
  std::shared_ptr<shared> through_;  // null: moved from
};

// Attempts at an operation. Where one `waits`, nothing was done.
pipe_end::step read_some(pipe_end::shared& from, std::span<std::byte> into, std::size_t& got,
                         boost::system::error_code& why);
pipe_end::step write_some(pipe_end::shared& to, std::span<const std::byte> some, std::size_t& done,
                          boost::system::error_code& why);
/// No element: the writer is done.
pipe_end::step take_element(pipe_end::shared& from, std::optional<std::vector<std::byte>>& element,
                            boost::system::error_code& why);
pipe_end::step put_element(pipe_end::shared& to, std::vector<std::byte>& element,
                           boost::system::error_code& why);

/// A wait for the other end, described and not begun yet.
class pipe_wait {
 public:
  using reply_type = pipe_news;
  static constexpr cancel_rule rule = cancel_rule::waiter;

  pipe_wait(std::shared_ptr<pipe_end::shared> at, boost::asio::any_io_executor on) noexcept
      : at_(std::move(at)), on_(std::move(on)) {}

  /// Where a handler runs that names no executor.
  boost::asio::any_io_executor executor() const noexcept { return on_; }

  void start(handler_source& tells, std::stop_token stop = {}) &&;

 private:
  std::shared_ptr<pipe_end::shared> at_;
  boost::asio::any_io_executor on_;
};

/// An operation on an end, for `async_compose`: attempts until it is done, and never completes within the
/// initiating function.
template <class Act>
class pipe_operation {
 public:
  pipe_operation(const pipe_end& end, Act what)
      : at_(end.through()), on_(end.executor()), what_(std::move(what)) {}

  template <class Self>
  void operator()(Self& self, std::error_code = {}, pipe_news = {}) {
    if (done_) return what_.complete(self, why_);
    const bool first = std::exchange(first_, false);
    if (first) self.reset_cancellation_state(boost::asio::enable_total_cancellation());
    boost::system::error_code why;
    if (what_.attempt(*at_, why) == pipe_end::step::waits) {
      if (self.cancelled() == boost::asio::cancellation_type::none) {
        initiation<pipe_wait> wait(pipe_wait(at_, on_));  // before this moves along
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
  std::shared_ptr<pipe_end::shared> at_;
  boost::asio::any_io_executor on_;
  Act what_;
  boost::system::error_code why_;
  bool first_ = true;
  bool done_ = false;
};

}  // namespace holdfast::detail
