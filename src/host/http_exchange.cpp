// SPDX-License-Identifier: Apache-2.0
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <holdfast/http_exchange.hpp>

#include "engine/http_traffic.hpp"
#include "host/pipe_waiter.hpp"

namespace holdfast {

result<http_exchange> http_exchange::make(const http_request_head& head, boost::asio::any_io_executor on) {
  auto made = bridge::http_traffic::make(head);
  if (!made) return made.error();
  return http_exchange(std::move(*made), std::move(on));
}

http_exchange& http_exchange::operator=(http_exchange&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  through_ = std::move(other.through_);
  on_ = std::move(other.on_);
  return *this;
}

void http_exchange::abandon() noexcept {
  if (through_ != nullptr) through_->abandon();
}

http_flow http_exchange::room(std::function<void()> told) const { return through_->room(std::move(told)); }
std::size_t http_exchange::write(std::span<const std::byte> some) const noexcept {
  return through_->push(some);
}
void http_exchange::end() const noexcept { through_->end_push(false); }
void http_exchange::fail() const noexcept { through_->end_push(true); }

http_flow http_exchange::response(std::function<void()> told) const {
  return through_->news(std::move(told));
}
std::optional<http_response_head> http_exchange::take_head() const { return through_->take_head(); }
std::size_t http_exchange::read(std::span<std::byte> into) const noexcept { return through_->read(into); }
http_trouble http_exchange::trouble() const { return through_->trouble(); }

}  // namespace holdfast

namespace holdfast::detail {

namespace {

namespace asio = boost::asio;

/// Tells whoever waits, also where the one who would call it goes: an operation never waits for nobody.
class news {
 public:
  explicit news(boost::intrusive_ptr<pipe_waiter> whom) noexcept : whom_(std::move(whom)) {}
  news(const news&) = delete;
  news& operator=(const news&) = delete;
  ~news() { tell(); }
  void tell() const noexcept { whom_->tell(); }

 private:
  const boost::intrusive_ptr<pipe_waiter> whom_;
};

}  // namespace

void http_wait::start(handler_source& tells, std::stop_token) && {
  const boost::intrusive_ptr<pipe_waiter> waits(new pipe_waiter);
  if (!waits->adopt(tells.box())) return;
  const auto told = [by = std::make_shared<const news>(waits)] { by->tell(); };
  const http_flow now = which_ == side::request ? at_->room(told) : at_->news(told);
  if (now != http_flow::waiting || at_->is_abandoned()) waits->tell();
}

pipe_end::step push_all(bridge::http_traffic& to, std::span<const std::byte> all, std::size_t& done,
                        boost::system::error_code& why) {
  while (done < all.size()) {
    if (to.is_abandoned()) {
      why = asio::error::operation_aborted;
      break;
    }
    const std::size_t taken = to.push(all.subspan(done));
    done += taken;
    if (taken != 0) continue;
    if (to.room({}) == http_flow::waiting) return pipe_end::step::waits;
    // There is room by now, or nobody takes any.
    if (to.push(all.subspan(done, 1)) == 0) {
      why = asio::error::broken_pipe;
      break;
    }
    ++done;
  }
  return pipe_end::step::done;
}

pipe_end::step read_some(bridge::http_traffic& from, std::span<std::byte> into, std::size_t& got,
                         boost::system::error_code& why) {
  if (into.empty()) return pipe_end::step::done;
  got = from.read(into);
  if (got != 0) return pipe_end::step::done;
  const http_flow now = from.news({});
  if (from.is_abandoned()) {
    why = asio::error::operation_aborted;
    return pipe_end::step::done;
  }
  switch (now) {
    case http_flow::open:  // it has come since, or the head was not taken
      got = from.read(into);
      if (got == 0) why = asio::error::invalid_argument;
      return pipe_end::step::done;
    case http_flow::waiting:
      return pipe_end::step::waits;
    case http_flow::ended:
      why = asio::error::eof;
      return pipe_end::step::done;
    case http_flow::lost:
      why = asio::error::connection_reset;
      return pipe_end::step::done;
  }
  return pipe_end::step::done;
}

pipe_end::step take_head(bridge::http_traffic& from, http_response_head& head,
                         boost::system::error_code& why) {
  const http_flow now = from.news({});
  if (from.is_abandoned()) {
    why = asio::error::operation_aborted;
    return pipe_end::step::done;
  }
  if (auto there = from.take_head()) {
    head = std::move(*there);
    return pipe_end::step::done;
  }
  if (now == http_flow::waiting) return pipe_end::step::waits;
  why = now == http_flow::lost ? make_error_code(asio::error::connection_reset)
                               : make_error_code(asio::error::already_started);
  return pipe_end::step::done;
}

}  // namespace holdfast::detail
