// SPDX-License-Identifier: Apache-2.0
#include "engine/host_entry.hpp"

#include <boost/asio/strand.hpp>
#include <boost/core/demangle.hpp>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/lineage.hpp"
#include "engine/host_coroutine.hpp"
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

// Fires with the first of two.
class either_stop {
 public:
  either_stop(std::stop_token first, std::stop_token second)
      : first_(std::move(first), ask{source_}), second_(std::move(second), ask{source_}) {}
  std::stop_token token() const noexcept { return source_.get_token(); }

 private:
  struct ask {
    std::stop_source whom;  // its own: what it runs may destroy this
    void operator()() const noexcept { std::stop_source(whom).request_stop(); }
  };

  std::stop_source source_;
  std::stop_callback<ask> first_;
  std::stop_callback<ask> second_;
};

}  // namespace

struct host_call::impl {
  impl(hfb_host_call* owned, const bridge::host_entry& entry, const bridge::instance* from)
      : raw(owned), of(entry.of), import(entry.import), kinds(entry.kinds) {
    if (from == nullptr) return;  // a direct call
    std::uint64_t number = 0;
    const bool numbered = hfb_host_call_of(raw, &number);
    auto for_whom = from->errand_of(numbered ? std::optional(number) : std::nullopt);
    caller = std::move(for_whom.caller);
    attempt = for_whom.attempt;
    stop = std::move(for_whom.stop);
    if (from->concurrent()) {
      stops.emplace(std::move(stop), std::move(for_whom.gone));
      stop = stops->token();
      if (caller != nullptr && !import->is_async) {
        keeps = caller;
        keeps->keep_instance(true);
      }
    }
    home = from->home();
    kept = from->kept();
    if (kept == nullptr) return;
    const hfb_object* objects = nullptr;
    const std::size_t count = hfb_host_call_objects(raw, &objects);
    for (const hfb_object& each : std::span(objects, count))
      lent.push_back({each.number, each.kind, kept->find(each.object)});
  }
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

  // Gone before the guest goes on, which may be the last to have them.
  void return_lent() { lent.clear(); }

  // The instance goes on with whatever is next.
  void let_go() noexcept {
    if (const auto of = std::exchange(keeps, nullptr)) of->keep_instance(false);
  }

  void fail(std::string_view why) {
    return_lent();
    let_go();
    if (hfb_host_call* call = std::exchange(raw, nullptr)) hfb_host_call_fail(call, bridge::slice_of(why));
  }

  void reply(const wit::value* what) {
    const auto packed = wit::encode_result(*import, what);
    if (trouble.empty() && !packed)
      return fail("`" + import->qualified_name() + "` answered wrongly: " + packed.error().message());
    reply(packed ? std::span<const std::byte>(*packed) : std::span<const std::byte>());
  }

  void reply(std::span<const std::byte> packed) {
    return_lent();
    if (!trouble.empty()) return fail("`" + import->qualified_name() + "` gave " + trouble);
    let_go();
    if (hfb_host_call* call = std::exchange(raw, nullptr))
      hfb_host_call_reply(call, bridge::slice_of(packed));
  }

  std::span<const std::byte> packed() const {
    hfb_slice bytes{};
    if (raw != nullptr) hfb_host_call_args(raw, &bytes);
    return std::as_bytes(std::span(bytes.data, bytes.size));
  }

  std::shared_ptr<void> find(const wit::handle& handle, std::type_index type) const {
    for (const lent_object& each : lent) {
      if (each.number == handle.number() && bridge::kind_of(*kinds, type) == each.kind) return each.object;
    }
    throw std::invalid_argument("handle " + std::to_string(handle.number()) + " is no " +
                                boost::core::demangle(type.name()) + " of this call");
  }

  wit::handle keep(std::shared_ptr<void> object, std::type_index type) {
    const auto kind = bridge::kind_of(*kinds, type);
    std::optional<std::uint32_t> number;
    if (raw == nullptr || kept == nullptr || object == nullptr) {
      trouble = "no object";
    } else if (!kind) {
      trouble = "an object of " + boost::core::demangle(type.name()) + ", which no resource was defined with";
    } else if (number = kept->insert(std::move(object)); !number) {
      trouble = "an object too many: the guest has " + std::to_string(kept->limit()) + ", its limit";
    }
    if (!number) return {0, wit::handle::ownership::own, home};
    const std::uint64_t name = hfb_object_number(*kind, *number);
    hfb_host_call_offer(raw, name);
    return {name, wit::handle::ownership::own, home};
  }

  struct lent_object {
    std::uint64_t number;
    std::uint32_t kind;
    std::shared_ptr<void> object;
  };

  hfb_host_call* raw;
  component of;  // keeps `import` alive
  const wit::function* import;
  std::shared_ptr<const bridge::object_kinds> kinds;
  std::stop_token stop;
  boost::intrusive_ptr<core::call> caller;  // the guest's call, on whose behalf the function works
  boost::intrusive_ptr<core::call> keeps;   // the same, where its instance does nothing else meanwhile
  std::optional<either_stop> stops;         // what `stop` is of, where it is of two
  unsigned attempt = 0;
  wit::handle::home home;                 // of the handles among the arguments
  std::shared_ptr<bridge::objects> kept;  // where objects for the guest go; null: it can have none
  std::vector<lent_object> lent;  // the objects among the arguments, kept whatever becomes of the guest
  std::string trouble;            // what it gave and cannot give: it can only fail
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
std::shared_ptr<void> host_call::find(const wit::handle& of, std::type_index type) const {
  return impl_->find(of, type);
}
wit::handle host_call::keep(std::shared_ptr<void> object, std::type_index type) {
  return impl_->keep(std::move(object), type);
}
call_id host_call::caller() const noexcept {
  return impl_->caller != nullptr ? impl_->caller->id() : call_id();
}
unsigned host_call::attempt() const noexcept { return impl_->attempt; }
void host_call::reply() && { impl_->reply(nullptr); }
void host_call::reply(wit::value what) && { impl_->reply(&what); }
void host_call::fail(std::string_view why) && { impl_->fail(why); }

namespace detail {

const wit::function& host_call_bytes::import(const host_call& of) noexcept { return *of.impl_->import; }
std::span<const std::byte> host_call_bytes::arguments(const host_call& of) noexcept {
  return of.impl_->packed();
}
wit::handle::home host_call_bytes::home(const host_call& of) noexcept { return of.impl_->home; }
void host_call_bytes::reply(host_call&& to, std::span<const std::byte> packed) { to.impl_->reply(packed); }

}  // namespace detail

namespace bridge {
namespace {

void run(const detail::host_definition& definition, std::unique_ptr<host_call::impl> call) noexcept {
  if (hfb_host_call_abandoned(call->raw)) return;  // cut while it waited for its thread: nobody wants it run
  const core::on_behalf mark(call->caller, call->stop);
  const auto net = std::make_shared<rescue>(rescue{std::this_thread::get_id()});
  std::string why;
  try {
    call->rescued = net;
    if (definition.style == detail::host_style::dynamic)
      call->args =
          wit::decode_arguments(*call->import, call->packed(), wit::decode_budget, call->home).value();
    definition.function(host_call(std::move(call)));
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

// Nothing of the function runs before its thread or executor comes to the job, nor inside the poll.
function_job job_of(const host_entry& entry, std::unique_ptr<host_call::impl> made, std::stop_token cut) {
  function_job job{.cut = std::move(cut), .executor = entry.executor, .bytes = made->packed().size()};
  // Shared, since std::function wants to copy.
  const auto call = std::make_shared<std::unique_ptr<host_call::impl>>(std::move(made));
  job.refuse = [call](std::string_view why) { (*call)->fail(why); };
  if (entry.definition->style == detail::host_style::coroutine) {
    job.executor = boost::asio::make_strand(entry.executor);
    job.work = [definition = entry.definition, call, strand = job.executor](std::shared_ptr<void> running) {
      const auto caller = (*call)->caller;
      const std::stop_token stop = (*call)->stop;
      spawn(*definition, host_call(std::move(*call)), {caller, stop, strand, std::move(running)});
    };
  } else {
    job.work = [definition = entry.definition, call](const std::shared_ptr<void>& /*running*/) {
      run(*definition, std::move(*call));
    };
  }
  return job;
}

}  // namespace

void host_entry::enter(void* context, hfb_host_call* raw) {
  const auto& self = *static_cast<host_entry*>(context);
  const auto* const from = static_cast<const instance*>(hfb_host_call_user(raw));  // null for a direct call
  try {
    auto made = std::make_unique<host_call::impl>(raw, self, from);
    raw = nullptr;  // from here on the call fails by itself when nobody answers it
    if (self.definition->style == detail::host_style::in_slice) {
      run(*self.definition, std::move(made));
      return;
    }
    self.runner(job_of(self, std::move(made), from != nullptr ? from->cut_token() : std::stop_token()));
  } catch (const std::exception& failed) {
    if (raw != nullptr) hfb_host_call_fail(raw, slice_of(failed.what()));
  }
}

void host_entry::drop(void* context) { delete static_cast<host_entry*>(context); }

}  // namespace bridge
}  // namespace holdfast
