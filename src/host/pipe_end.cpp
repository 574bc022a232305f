// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <holdfast/error.hpp>
#include <holdfast/pipe_end.hpp>

#include "host/pipe_waiter.hpp"
#include "wit/pipe.hpp"

namespace holdfast::detail {

struct pipe_end::shared {
  shared(std::shared_ptr<wit::pipe> pipe, bool reads_from_it) noexcept
      : through(std::move(pipe)), reads(reads_from_it) {}

  const std::shared_ptr<wit::pipe> through;
  const bool reads;
  std::atomic<bool> closed{false};

  /// How things stand for this end, as the pipe has it.
  wit::flow flow(const std::shared_ptr<wit::sleeper>& wakes) const {
    return reads ? through->filled(wakes) : through->room(wakes);
  }
};

namespace {

namespace asio = boost::asio;

class waker final : public wit::sleeper {
 public:
  explicit waker(boost::intrusive_ptr<pipe_waiter> whom) noexcept : whom_(std::move(whom)) {}
  void wake() noexcept override { whom_->tell(); }

 private:
  const boost::intrusive_ptr<pipe_waiter> whom_;
};

[[noreturn]] void refuse(const char* why) {
  throw std::system_error(make_error_code(errc::bad_arguments), why);
}

/// Does what can be done where the flow is open.
template <class Do>
pipe_end::step attempt(const pipe_end::shared& end, boost::system::error_code& why, Do act) {
  const wit::flow now = end.flow(nullptr);
  if (end.closed.load()) {
    why = asio::error::operation_aborted;
    return pipe_end::step::done;
  }
  switch (now) {
    case wit::flow::open:
      // Nothing can be done any more where the end was closed beside it.
      if (!act()) why = asio::error::operation_aborted;
      return pipe_end::step::done;
    case wit::flow::waiting:
      return pipe_end::step::waits;
    case wit::flow::ended:
      why = end.reads ? make_error_code(asio::error::eof) : make_error_code(asio::error::broken_pipe);
      return pipe_end::step::done;
    case wit::flow::lost:
      why = asio::error::connection_reset;
      return pipe_end::step::done;
  }
  return pipe_end::step::done;
}

}  // namespace

std::pair<pipe_end, wit::readable> pipe_end::write(asio::any_io_executor on, wit::kind of, bool bytes,
                                                   std::size_t capacity, fit fits) {
  auto through = std::make_shared<wit::pipe>(of, bytes ? wit::pipe::form::bytes : wit::pipe::form::elements,
                                             std::max<std::size_t>(capacity, 1));
  wit::readable other(std::make_shared<wit::reading_end>(through, fits));
  return {pipe_end(std::move(on), std::make_shared<shared>(std::move(through), false)), std::move(other)};
}

pipe_end pipe_end::read(asio::any_io_executor on, const wit::readable& from, wit::kind of, bool bytes,
                        fit fits) {
  const std::shared_ptr<wit::pipe> there = from.end() != nullptr ? from.end()->look() : nullptr;
  if (there == nullptr) refuse("nobody can read from it: it was read or passed on before");
  if (there->of() != of) refuse(of == wit::kind::stream ? "it is no stream" : "it is no future");
  if (!from.end()->carries(fits)) refuse("its elements are of another type");
  if (bytes != (there->made_of() == wit::pipe::form::bytes))
    refuse("a stream of bytes is read by a byte_reader");
  std::shared_ptr<wit::pipe> through = from.end()->take();
  if (through == nullptr) refuse("somebody else has just begun to read from it");
  return {std::move(on), std::make_shared<shared>(std::move(through), true)};
}

pipe_end& pipe_end::operator=(pipe_end&& other) noexcept {
  if (this == &other) return *this;
  close(false);
  on_ = std::move(other.on_);
  through_ = std::move(other.through_);
  return *this;
}

void pipe_end::close(bool lost) noexcept {
  if (through_ == nullptr || through_->closed.exchange(true)) return;
  if (through_->reads) {
    through_->through->leave();
  } else {
    through_->through->end(lost);
  }
}

pipe_end::step read_some(pipe_end::shared& from, std::span<std::byte> into, std::size_t& got,
                         boost::system::error_code& why) {
  if (into.empty()) return pipe_end::step::done;
  return attempt(from, why, [&] {
    got = from.through->read(into);
    return got > 0;
  });
}

pipe_end::step write_some(pipe_end::shared& to, std::span<const std::byte> some, std::size_t& done,
                          boost::system::error_code& why) {
  if (some.empty()) return pipe_end::step::done;
  const pipe_end::step step = attempt(to, why, [&] {
    done = to.through->write(some);
    return true;
  });
  // Its reader has left since it was asked.
  if (step == pipe_end::step::done && !why && done == 0) why = asio::error::broken_pipe;
  return step;
}

pipe_end::step take_element(pipe_end::shared& from, std::optional<std::vector<std::byte>>& element,
                            boost::system::error_code& why) {
  const pipe_end::step done = attempt(from, why, [&] {
    element = from.through->next();
    return element.has_value();
  });
  if (why == asio::error::eof) why = {};
  return done;
}

pipe_end::step put_element(pipe_end::shared& to, std::vector<std::byte>& element,
                           boost::system::error_code& why) {
  return attempt(to, why, [&] {
    to.through->put(std::move(element));
    return true;
  });
}

void pipe_wait::start(handler_source& tells, std::stop_token) && {
  const boost::intrusive_ptr<pipe_waiter> waits(new pipe_waiter);
  if (!waits->adopt(tells.box())) return;
  const wit::flow now = at_->flow(std::make_shared<waker>(waits));
  if (now != wit::flow::waiting) waits->tell();
}

}  // namespace holdfast::detail
