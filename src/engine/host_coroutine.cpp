// SPDX-License-Identifier: Apache-2.0
#include "engine/host_coroutine.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core/lineage.hpp"

namespace holdfast::bridge {
namespace {

namespace asio = boost::asio;

// Runs what it is given on behalf of a call, on another executor.
class behalf_executor {
 public:
  behalf_executor(asio::any_io_executor on, boost::intrusive_ptr<core::call> of) noexcept
      : on_(std::move(on)), of_(std::move(of)) {}
  // Executors copy without throwing; the pointer's copy does too, but does not say so.
  behalf_executor(const behalf_executor& other) noexcept : on_(other.on_), of_(other.of_) {}
  behalf_executor(behalf_executor&&) noexcept = default;
  behalf_executor& operator=(const behalf_executor&) = default;
  behalf_executor& operator=(behalf_executor&&) noexcept = default;
  ~behalf_executor() = default;

  template <class Function>
  void execute(Function&& function) const {
    on_.execute([of = of_, function = std::decay_t<Function>(std::forward<Function>(function))]() mutable {
      const core::on_behalf mark(of);
      std::move(function)();
    });
  }

  template <class Property>
    requires asio::can_query<const asio::any_io_executor&, Property>::value
  auto query(const Property& what) const noexcept ->
      typename asio::query_result<const asio::any_io_executor&, Property>::type {
    return asio::query(on_, what);
  }
  template <class Property>
    requires asio::can_require<const asio::any_io_executor&, Property>::value
  behalf_executor require(const Property& what) const {
    return {asio::require(on_, what), of_};
  }
  template <class Property>
    requires asio::can_prefer<const asio::any_io_executor&, Property>::value
  behalf_executor prefer(const Property& what) const {
    return {asio::prefer(on_, what), of_};
  }

  friend bool operator==(const behalf_executor& left, const behalf_executor& right) noexcept {
    return left.on_ == right.on_ && left.of_ == right.of_;
  }
  friend bool operator!=(const behalf_executor& left, const behalf_executor& right) noexcept {
    return !(left == right);
  }

 private:
  asio::any_io_executor on_;
  boost::intrusive_ptr<core::call> of_;
};

// What may end a coroutine early. Kept by its frame and by its completion, whichever goes last: what the
// coroutine awaits looks at the signal until both are gone.
struct ending {
  explicit ending(std::shared_ptr<void> token) noexcept : running(std::move(token)) {}

  const std::shared_ptr<void> running;  // gone last, when nothing of the coroutine is left
  asio::cancellation_signal signal;

  // Signals belong to one strand, stops come from any thread.
  struct ask {
    asio::any_io_executor strand;
    std::weak_ptr<ending> whom;
    void operator()() const noexcept {
      try {
        asio::post(strand, [whom = whom] {
          if (const auto still = whom.lock()) still->signal.emit(asio::cancellation_type::terminal);
        });
      } catch (...) {  // Without memory it is not asked, and the cut does not wait for it.
      }
    }
  };
  std::optional<std::stop_callback<ask>> on_stop;
};

}  // namespace

void spawn(const detail::host_definition& definition, host_call call, coroutine_start how) noexcept {
  try {
    const asio::any_io_executor where(behalf_executor(how.strand, std::move(how.caller)));
    const auto ends = std::make_shared<ending>(std::move(how.running));
    asio::co_spawn(where, definition.coroutine(std::move(call), ends),
                   asio::bind_cancellation_slot(ends->signal.slot(), [ends](const std::exception_ptr&) {}));
    // After the start: before it the signal reaches nobody.
    ends->on_stop.emplace(how.stop, ending::ask{how.strand, ends});
  } catch (...) {  // Without memory there is no frame, and the call fails as one that nobody answers.
  }
}

}  // namespace holdfast::bridge
