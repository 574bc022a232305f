// SPDX-License-Identifier: Apache-2.0
#include "serve/span_exporter.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "core/time_source.hpp"
#include "serve/task.hpp"

namespace holdfast::serve {
namespace {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using tcp_socket = asio::basic_stream_socket<tcp, loop_executor>;
using request = http::request<http::string_body>;
using answer_parser = http::response_parser<http::string_body>;

constexpr std::uint64_t longest_answer = 64U << 10;
constexpr std::uint32_t longest_answer_head = 16U << 10;
constexpr duration for_its_thread = std::chrono::milliseconds(250);

time_point now() noexcept { return std::chrono::steady_clock::now(); }

// What a collector says that may say otherwise later: OTLP's list.
bool is_passing(unsigned status) noexcept {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

struct span_exporter::state {
  state(destination where, span_exporter_bounds of) : to(std::move(where)), bounds(of) {}

  const destination to;
  const span_exporter_bounds bounds;
  asio::io_context context{1};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> dropped{0};

  std::mutex mutex;
  std::condition_variable more;
  std::condition_variable over;
  std::deque<trace_span> waiting;
  time_point until = time_point::max();  // of all sending
  bool ending = false;
  bool ended = false;

  time_point end_of(duration length) {
    const std::scoped_lock lock(mutex);
    return std::min(core::later(now(), length), until);
  }
};

// Of the thread. One connection, which is kept from batch to batch.
class span_exporter::sender {
 public:
  explicit sender(state& of) : of_(of), socket_(of.context) {}

  void run() {
    std::vector<trace_span> some;
    some.reserve(of_.bounds.batch);  // here: to take spans needs no memory
    for (;;) {
      take(some);
      if (some.empty()) return;
      std::uint64_t taken = 0;
      try {
        taken = deliver(some);
      } catch (const std::exception&) {
        close();  // no memory, as a rule: the spans are lost, the next ones may find some
      }
      of_.sent += taken;
      of_.dropped += some.size() - taken;
    }
  }

 private:
  // Empty: it is over.
  void take(std::vector<trace_span>& some) {
    some.clear();
    std::unique_lock lock(of_.mutex);
    of_.more.wait(lock, [this] { return !of_.waiting.empty() || of_.ending; });
    of_.more.wait_for(lock, of_.bounds.delay,
                      [this] { return of_.waiting.size() >= of_.bounds.batch || of_.ending; });
    if (of_.ending && now() >= of_.until) {
      of_.dropped += of_.waiting.size();
      of_.waiting.clear();
    }
    const std::size_t count = std::min(of_.waiting.size(), of_.bounds.batch);
    const auto last = of_.waiting.begin() + static_cast<std::ptrdiff_t>(count);
    some.insert(some.end(), std::move_iterator(of_.waiting.begin()), std::move_iterator(last));
    of_.waiting.erase(of_.waiting.begin(), last);
  }

  // How many the collector has taken.
  std::uint64_t deliver(const std::vector<trace_span>& some) {
    const request what = request_of(some);
    duration wait = of_.bounds.between_attempts;
    for (unsigned attempt = 1;; ++attempt) {
      const std::optional<answer> told = ask(what);
      if (told && told->status >= 200 && told->status < 300)
        return some.size() - std::min<std::uint64_t>(otlp_rejected(told->content), some.size());
      if (told && !is_passing(told->status)) return 0;
      if (attempt >= of_.bounds.attempts || !pause(wait)) return 0;
      wait *= 2;
    }
  }

  // False: there is no time for another attempt.
  bool pause(duration length) {
    std::unique_lock lock(of_.mutex);
    of_.more.wait_for(lock, length, [this] { return of_.ending; });
    return now() < of_.until;
  }

  request request_of(const std::vector<trace_span>& some) const {
    request made(http::verb::post, of_.to.where.target, 11);
    for (const auto& [name, value] : of_.to.fields) made.set(name, value);
    made.set(http::field::host, of_.to.where.authority);
    made.set(http::field::user_agent, "holdfast/" + of_.to.version);
    made.set(http::field::content_type, "application/json");
    made.body() = otlp_body(some, of_.to.service, of_.to.version);
    made.prepare_payload();
    return made;
  }

  struct answer {
    unsigned status = 0;
    std::string content{};
  };

  // Nothing: the collector is away, is silent, or does not speak HTTP.
  std::optional<answer> ask(const request& what) {
    const bool kept = socket_.is_open();
    const time_point until = core::later(now(), of_.bounds.patience);
    std::optional<answer> told = within(until, what);
    // One that was kept may have been closed meanwhile.
    if (!told && kept) told = within(until, what);
    return told;
  }

  std::optional<answer> within(time_point limit, const request& what) {
    std::optional<answer> told;
    bool done = false;
    late_ = false;
    of_.context.restart();
    asio::co_spawn(of_.context, talk(what, told), [&](const std::exception_ptr& failed) {
      done = true;
      if (failed) told.reset();
    });
    while (!done) {
      const time_point until = std::min(limit, of_.end_of(duration::max()));
      if (of_.context.run_one_until(until) == 0) break;
    }
    if (!done) {
      late_ = true;
      close();
      of_.context.restart();
      of_.context.run();  // what was waited for is cancelled
    }
    if (!told) close();
    return told;
  }

  task<void> talk(const request& what, std::optional<answer>& into) {
    if (late_ || (!socket_.is_open() && !co_await connect())) co_return;
    const auto [unsent, put] = co_await http::async_write(socket_, what, use_tuple);
    if (unsent) co_return;
    answer_parser parser;
    parser.body_limit(longest_answer);
    parser.header_limit(longest_answer_head);
    const auto [unread, got] = co_await http::async_read(socket_, buffer_, parser, use_tuple);
    if (unread) co_return;
    into.emplace();
    into->status = parser.get().result_int();
    into->content = std::move(parser.get().body());
    if (!parser.get().keep_alive() || buffer_.size() != 0) close();
  }

  // Looking the name up is waited for: this thread may.
  task<bool> connect() {
    buffer_.clear();
    boost::system::error_code failed;
    asio::ip::basic_resolver<tcp, loop_executor> names(of_.context);
    const auto places = names.resolve(of_.to.where.host, of_.to.where.port, failed);
    for (const auto& each : places) {
      const tcp::endpoint place = each.endpoint();
      const auto [refused] = co_await socket_.async_connect(place, use_tuple);
      if (!refused) co_return true;
      close();
      if (late_) break;
    }
    co_return false;
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    buffer_.clear();
  }

  state& of_;
  tcp_socket socket_;
  boost::beast::flat_buffer buffer_;
  bool late_ = false;  // the time of a request is over: nothing more is begun for it
};

span_exporter::span_exporter(destination to, span_exporter_bounds bounds)
    : state_(std::make_shared<state>(std::move(to), bounds)), thread_([all = state_] {
        sender(*all).run();
        const std::scoped_lock lock(all->mutex);
        all->ended = true;
        all->over.notify_all();
      }) {}

span_exporter::~span_exporter() { end(duration::zero()); }

void span_exporter::give(trace_span what) noexcept {
  state& all = *state_;
  bool enough = false;
  try {
    const std::scoped_lock lock(all.mutex);
    if (all.ending || all.waiting.size() >= all.bounds.waiting) {
      ++all.dropped;
      return;
    }
    all.waiting.push_back(std::move(what));
    // The thread sleeps until there is one, and then until there are enough.
    enough = all.waiting.size() == 1 || all.waiting.size() >= all.bounds.batch;
  } catch (const std::bad_alloc&) {
    ++all.dropped;
  }
  if (enough) all.more.notify_one();
}

void span_exporter::drop() noexcept { ++state_->dropped; }

span_figures span_exporter::figures() const noexcept {
  return {.sent = state_->sent.load(), .dropped = state_->dropped.load()};
}

void span_exporter::end(duration limit) noexcept {
  if (!thread_.joinable()) return;
  state& all = *state_;
  std::unique_lock lock(all.mutex);
  all.ending = true;
  all.until = core::later(now(), limit);
  all.more.notify_one();
  // A request that is under way looks at its limit again.
  asio::post(all.context, [] {});
  const bool over =
      all.over.wait_until(lock, core::later(all.until, for_its_thread), [&] { return all.ended; });
  lock.unlock();
  // One that a name server holds up is left behind: it has what it needs.
  over ? thread_.join() : thread_.detach();
}

}  // namespace holdfast::serve
