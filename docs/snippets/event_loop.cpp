// SPDX-License-Identifier: Apache-2.0
//
// A program with an event loop that is not Boost.Asio's, here of epoll: docs/guides/event-loop.md.

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <deque>
#include <functional>
#include <holdfast/holdfast.hpp>
#include <mutex>

#include "workshop.hpp"

namespace asio = boost::asio;
namespace hf = holdfast;
using namespace std::chrono_literals;

namespace {

// [inbox]
// What other threads have for the loop. The loop waits for `fd()` as for any other descriptor.
class inbox {
 public:
  int fd() const { return event_; }

  void put(std::function<void()> what) {  // any thread
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(what));
    eventfd_write(event_, 1);
  }

  void run() {  // the loop's thread
    eventfd_t count = 0;
    eventfd_read(event_, &count);
    std::deque<std::function<void()>> mine;
    {
      const std::scoped_lock lock(mutex_);
      mine.swap(waiting_);
    }
    for (auto& each : mine) each();
  }

  inbox() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  inbox(const inbox&) = delete;
  inbox& operator=(const inbox&) = delete;
  ~inbox() { close(event_); }

 private:
  int event_;
  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
};
// [/inbox]

// Waits once, and runs what there is.
void turn(int epoll, inbox& from) {
  epoll_event event{};
  if (epoll_wait(epoll, &event, 1, 10'000) == 1) from.run();
}

int watch(const inbox& which) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.fd = which.fd()}};
  must(epoll_ctl(epoll, EPOLL_CTL_ADD, which.fd(), &event) == 0);
  return epoll;
}

void by_tickets(const hf::pool& shop) {
  inbox back;
  const int epoll = watch(back);
  bool done = false;
  // [ticket]
  const hf::ticket kept = shop.submit("place", hf::args(17U, "book", 2U)).value();
  kept.on_done([&](hf::reply told) {  // on a thread of the host's: only hands over
    back.put([&done, told = std::move(told)] { done = told.outcome == hf::outcome::completed; });
  });
  // [/ticket]
  while (!done) turn(epoll, back);
  close(epoll);
}

// [executor]
// The loop as an executor of Boost.Asio: what callbacks of calls run on.
class loop_executor {
 public:
  loop_executor(inbox& to, asio::execution_context& of) : to_(&to), of_(&of) {}

  template <class Task>
  void execute(Task task) const {
    to_->put([kept = std::make_shared<Task>(std::move(task))] { std::move (*kept)(); });
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *of_; }
  static constexpr asio::execution::blocking_t::never_t query(asio::execution::blocking_t) noexcept {
    return {};
  }
  const loop_executor& require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
  friend bool operator==(const loop_executor&, const loop_executor&) noexcept = default;

 private:
  inbox* to_;
  asio::execution_context* of_;
};
// [/executor]

void by_callbacks(const hf::engine& engine, const hf::component& orders) {
  inbox back;
  const int epoll = watch(back);
  bool done = false;
  {
    // [callbacks]
    asio::execution_context context;  // outlives the host
    hf::host host(engine, {.callbacks = loop_executor(back, context)});
    const hf::pool shop = host.open(orders).value();
    shop.call("place", hf::args(18U, "pen", 1U), {.wait = 500ms}, [&](hf::reply told) {
      done = true;  // on the loop's thread
      must(told || told.code == hf::errc::detached);
    });
    // [/callbacks]
    must(!done);
    while (!done) turn(epoll, back);
  }
  close(epoll);
}

void by_futures(const hf::pool& shop) {
  // [future]
  std::future<hf::reply> later = shop.future_call("count", {});
  const bool there = later.wait_for(5s) == std::future_status::ready;  // for a loop that has turns
  // [/future]
  must(there && later.get().outcome == hf::outcome::completed);
}

void page() {
  const hf::engine engine;
  const hf::component orders = hf::component::load(engine, "orders.wasm").value();
  hf::host host(engine);
  const hf::pool shop = host.open(orders).value();
  by_tickets(shop);
  by_callbacks(engine, orders);
  by_futures(shop);
}

}  // namespace

int main(int argc, char** argv) { return work_in(argc, argv, page); }
