// SPDX-License-Identifier: Apache-2.0
#include <boost/asio.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "storm/callers.hpp"

// The callers that live in event loops.
namespace holdfast::storm {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t most_under_way = 256;
constexpr std::size_t most_at_once = 8;

// Owns all it needs: it may begin later, and be destroyed half-way with its loop.
asio::awaitable<void> ask(ground& on, errand what, std::shared_ptr<awaited> wait) {
  // All bits, and none of them throws into the books.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await asio::this_coro::throw_if_cancelled(false);
  const pool to = on.at(what.one->where);
  auto arguments = arguments_of(*what.one);
  const call_options options = what.options();
  on.book().asks(what.one);
  auto [code, told] = co_await to.async_call(function_of(what.one->what), std::move(arguments), options,
                                             asio::as_tuple(asio::use_awaitable));
  if (code != told.code)
    on.book().note_wrong(what.one.get(), "completed with another code than its reply has");
  wait->told(told);
}

asio::cancellation_type kind_of(unsigned bits) noexcept {
  using kind = asio::cancellation_type;
  switch (bits % 4) {
    case 0:
      return kind::terminal;
    case 1:
      return kind::partial;
    case 2:
      return kind::total;
    default:
      return kind::terminal | kind::partial | kind::total;
  }
}

}  // namespace

void loops::start(ground& on) {
  on_ = &on;
  ender_ = std::thread([this] { end_contexts(); });
}

void loops::coroutine(const errand& what, std::shared_ptr<awaited> wait) {
  asio::co_spawn(io_, ask(*on_, what, std::move(wait)), asio::detached);
}

void loops::cancelled(const errand& what, std::shared_ptr<awaited> wait) {
  const auto strand = asio::make_strand(io_);
  const auto signal = std::make_shared<asio::cancellation_signal>();
  asio::co_spawn(strand, ask(*on_, what, std::move(wait)),
                 asio::bind_cancellation_slot(signal->slot(), [signal](const std::exception_ptr&) {}));
  const auto timer = std::make_shared<asio::steady_timer>(strand, what.patience);
  timer->async_wait(
      [signal, timer, bits = what.bits](boost::system::error_code) { signal->emit(kind_of(bits)); });
}

bool loops::run(const errand& what) {
  if (what.how == way::context_ends) return end_soon(what);
  if (under_way_.load() >= most_under_way) return false;
  under_way_.fetch_add(1);
  ledger& book = on_->book();
  const record_ptr& one = what.one;
  // Counted as long as somebody holds the wait.
  const auto wait =
      std::shared_ptr<awaited>(new awaited(book, one, awaited::debt::owed), [this](awaited* over) {
        delete over;
        under_way_.fetch_sub(1);
      });
  const auto hear = [wait](std::error_code code, const reply& told) {
    (void)code;
    wait->told(told);
  };
  switch (what.how) {
    case way::coroutine:
      coroutine(what, wait);
      return true;
    case way::cancelled:
      cancelled(what, wait);
      return true;
    case way::deferred: {
      const pool to = on_->at(one->where);
      auto described =
          to.async_call(function_of(one->what), arguments_of(*one), what.options(), asio::deferred);
      book.asks(one);
      std::move(described)(asio::bind_executor(io_, hear));
      return true;
    }
    case way::use_future: {
      const pool to = on_->at(one->where);
      auto arguments = arguments_of(*one);
      call_options options = what.options();
      if (what.bits % 2 == 0) options.how = start::dispatch;
      book.asks(one);
      auto later = to.async_call(function_of(one->what), std::move(arguments), options, asio::use_future);
      auto [code, told] = later.get();
      hear(code, told);
      return true;
    }
    case way::wait_async: {
      const pool to = on_->at(one->where);
      auto arguments = arguments_of(*one);
      book.asks(one);
      const auto claim = to.submit(function_of(one->what), std::move(arguments), what.options());
      if (claim) {
        claim->async_wait(asio::bind_executor(io_, hear), what.patience);
      } else {
        reply told;
        told.code = claim.error().code;
        told.outcome = outcome::refused;
        hear(told.code, told);
      }
      return true;
    }
    default:
      book.note_wrong(one.get(), "is no way of an event loop");
      return true;
  }
}

bool loops::end_soon(const errand& what) {
  {
    const std::scoped_lock lock(mutex_);
    if (short_lived_.size() >= most_under_way) return false;
    short_lived_.push_back(what);
  }
  changed_.notify_one();
  return true;
}

void loops::end_contexts() {
  for (;;) {
    std::vector<errand> some;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !short_lived_.empty(); });
      if (short_lived_.empty()) return;
      while (!short_lived_.empty() && some.size() < most_at_once) {
        some.push_back(std::move(short_lived_.front()));
        short_lived_.pop_front();
      }
    }
    asio::io_context brief;
    for (const errand& each : some)
      asio::co_spawn(brief,
                     ask(*on_, each, std::make_shared<awaited>(on_->book(), each.one, awaited::debt::waived)),
                     asio::detached);
    if (some.front().bits % 4 == 0) {
      brief.poll();
    } else {
      brief.run_for(some.front().patience);
    }
  }
}

void loops::finish() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (ender_.joinable()) ender_.join();
  while (under_way_.load() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void loops::join() {
  finish();
  io_.join();
}

}  // namespace holdfast::storm
