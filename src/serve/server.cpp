// SPDX-License-Identifier: Apache-2.0
#include "serve/server.hpp"

#include "serve/gateway.hpp"
#include "serve/guest_lines.hpp"
#include "serve/http_server.hpp"
#include "serve/tracer.hpp"

namespace holdfast::serve {
namespace {

constexpr std::chrono::seconds longest_farewell(5);  // until what was answered is written
constexpr std::chrono::seconds longest_flush(2);     // of spans that wait

}  // namespace

struct server::impl {
  impl(std::unique_ptr<service> serves, std::shared_ptr<ledger> tells, std::shared_ptr<line_log> accesses,
       std::shared_ptr<line_log> printed, std::unique_ptr<tracer> makes, const core::time_source* time)
      : knows(std::move(tells)),
        traces(std::move(makes)),
        access(std::move(accesses)),
        guests(std::move(printed)),
        what(std::move(serves)),
        settings(what->settings().server),
        gate(*what, settings, *knows, *access, time != nullptr ? *time : steady, traces.get()),
        listens(settings, gate, time != nullptr ? *time : steady) {}

  const core::steady_time steady{};
  const std::shared_ptr<ledger> knows;
  const std::unique_ptr<tracer> traces;  // null: they are off
  const std::shared_ptr<line_log> access;
  const std::shared_ptr<line_log> guests;
  const std::unique_ptr<service> what;
  const server_settings settings;
  gateway gate;
  http_server listens;
};

server::server(std::unique_ptr<impl> made) : impl_(std::move(made)) {}

server::~server() { end(duration::zero()); }

result<std::unique_ptr<server>> server::start(config what, server_parts parts) {
  auto access = line_log::open(what.log.access);
  if (!access) return access.error();
  auto guests = line_log::open(what.log.guests);
  if (!guests) return guests.error();
  std::shared_ptr<guest_lines> printed;
  if (!(*guests)->off())
    printed = guest_lines::to([to = *guests](const guest_line& line) { to->write(log_line(line)); });
  auto knows = std::make_shared<ledger>();
  std::unique_ptr<tracer> traces;
  if (!what.traces.endpoint.empty()) {
    auto begun = tracer::make(what.traces, *knows);
    if (!begun) return begun.error();
    traces = *std::move(begun);
  }
  auto serves = service::make(std::move(what), knows, std::move(printed), std::move(parts.load));
  if (!serves) return serves.error();
  std::unique_ptr<server> made(
      new server(std::make_unique<impl>(*std::move(serves), std::move(knows), *std::move(access),
                                        *std::move(guests), std::move(traces), parts.time)));
  made->impl_->listens.tell_figures(made->impl_->gate.figures());
  if (const auto begun = made->impl_->listens.start(); !begun) return begun.error();
  return made;
}

std::vector<listen_address> server::addresses() const { return impl_->listens.addresses(); }
service& server::served() noexcept { return *impl_->what; }

result<void> server::wait_ready(duration limit) { return impl_->what->wait_ready(limit); }

result<std::vector<std::string>> server::reload(const config& next) {
  auto told = impl_->what->reload(next);
  if (!told) return told;
  for (const auto& log : {impl_->access, impl_->guests})
    if (const auto opened = log->reopen(); !opened) return opened.error();
  if (const auto renewed = impl_->listens.renew_certificates(); !renewed) return renewed.error();
  return told;
}

bool server::end(duration grace) {
  impl_->what->begin_end();
  impl_->listens.begin_end();
  const bool well = impl_->what->drain(grace);
  impl_->listens.wait_ended(longest_farewell);
  impl_->listens.stop();
  if (impl_->traces) impl_->traces->end(longest_flush);
  return well;
}

void server::hurry() { impl_->what->hurry(); }

}  // namespace holdfast::serve
