// SPDX-License-Identifier: Apache-2.0
#include "engine/host_entry.hpp"

#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "core/lineage.hpp"
#include "engine/instance.hpp"
#include "wit/packed.hpp"

namespace holdfast {

namespace {

// Where a call goes that is destroyed by an exception leaving its function, so that the guest is told what
// was thrown.
struct rescue {
  std::thread::id thread;
  hfb_host_call* raw = nullptr;
};

}  // namespace

struct host_call::impl {
  impl(hfb_host_call* owned, component of, const wit::function* import, std::stop_token stop,
       boost::intrusive_ptr<core::call> caller, wit::handle::home home)
      : raw(owned),
        of(std::move(of)),
        import(import),
        stop(std::move(stop)),
        caller(std::move(caller)),
        home(home) {}
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    const auto thrown = std::uncaught_exceptions() > 0 ? rescued.lock() : nullptr;
    if (thrown != nullptr && thrown->thread == std::this_thread::get_id()) {
      thrown->raw = std::exchange(raw, nullptr);
    } else {
      fail("the host function gave no answer");
    }
  }

  void fail(std::string_view why) {
    if (hfb_host_call* call = std::exchange(raw, nullptr)) hfb_host_call_fail(call, bridge::slice_of(why));
  }

  void reply(const wit::value* what) {
    const auto packed = wit::encode_result(*import, what);
    if (!packed) {
      fail("`" + import->qualified_name() + "` answered wrongly: " + packed.error().message());
    } else if (hfb_host_call* call = std::exchange(raw, nullptr)) {
      hfb_host_call_reply(call, bridge::slice_of(std::span<const std::byte>(*packed)));
    }
  }

  hfb_host_call* raw;
  component of;  // keeps `import` alive
  const wit::function* import;
  std::stop_token stop;
  boost::intrusive_ptr<core::call> caller;  // the guest's call, on whose behalf the function works
  wit::handle::home home;                   // of the handles among the arguments
  std::weak_ptr<rescue> rescued;
  wit::arguments args;
};

host_call::host_call(std::unique_ptr<impl> made) noexcept : impl_(std::move(made)) {}
host_call::host_call(host_call&&) noexcept = default;
host_call& host_call::operator=(host_call&&) noexcept = default;
host_call::~host_call() = default;

const wit::arguments& host_call::args() const noexcept { return impl_->args; }
std::stop_token host_call::stop_token() const noexcept { return impl_->stop; }
bool host_call::abandoned() const noexcept {
  return impl_->raw == nullptr || hfb_host_call_abandoned(impl_->raw);
}
void host_call::reply() && { impl_->reply(nullptr); }
void host_call::reply(wit::value what) && { impl_->reply(&what); }
void host_call::fail(std::string_view why) && { impl_->fail(why); }

namespace bridge {
namespace {

void run(const host_function& function, std::unique_ptr<host_call::impl> call) noexcept {
  if (hfb_host_call_abandoned(call->raw)) return;  // cut while it waited for its thread: nobody wants it run
  const core::on_behalf mark(call->caller);
  const auto net = std::make_shared<rescue>(rescue{std::this_thread::get_id()});
  std::string why;
  try {
    call->rescued = net;
    hfb_slice packed{};
    hfb_host_call_args(call->raw, &packed);
    call->args = wit::decode_arguments(*call->import, std::as_bytes(std::span(packed.data, packed.size)),
                                       wit::decode_budget, call->home)
                     .value();
    function(host_call(std::move(call)));
    if (net->raw == nullptr) return;
    why = "something that the function itself caught";
  } catch (const std::exception& thrown) {
    why = thrown.what();
  } catch (...) {
    why = "something that is no std::exception";
  }
  why = "the host function threw: " + why;
  if (call != nullptr) {
    call->fail(why);
  } else if (net->raw != nullptr) {
    hfb_host_call_fail(net->raw, slice_of(why));
  }
}

}  // namespace

void host_entry::enter(void* context, hfb_host_call* raw) {
  auto& self = *static_cast<host_entry*>(context);
  const auto* const from = static_cast<const instance*>(hfb_host_call_user(raw));  // null for a direct call
  try {
    // Shared, since std::function wants to copy. Once it is made, the call fails by itself when nobody runs
    // it.
    const auto call = std::make_shared<std::unique_ptr<host_call::impl>>();
    *call = std::make_unique<host_call::impl>(
        raw, self.of, self.import, from != nullptr ? from->stop_token() : std::stop_token(),
        from != nullptr ? from->in_flight() : nullptr, from != nullptr ? from->home() : wit::handle::home{});
    raw = nullptr;
    if (!self.runner([function = self.function, call] { run(*function, std::move(*call)); }) &&
        *call != nullptr)
      (*call)->fail("too many host functions wait for a thread");
  } catch (const std::exception& failed) {
    if (raw != nullptr) hfb_host_call_fail(raw, slice_of(failed.what()));
  }
}

void host_entry::drop(void* context) { delete static_cast<host_entry*>(context); }

}  // namespace bridge
}  // namespace holdfast
