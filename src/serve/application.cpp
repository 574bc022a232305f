// SPDX-License-Identifier: Apache-2.0
#include "serve/application.hpp"

#include "serve/gateway.hpp"
#include "serve/http_server.hpp"

namespace holdfast::serve {
namespace {

constexpr std::chrono::seconds longest_farewell(5);  // until what was answered is written

}  // namespace

struct application::impl {
  impl(std::unique_ptr<service> serves, const core::time_source* time)
      : what(std::move(serves)),
        settings(what->settings().server),
        gate(*what, settings, time != nullptr ? *time : steady),
        server(settings, gate, time != nullptr ? *time : steady) {}

  const core::steady_time steady{};
  const std::unique_ptr<service> what;
  const server_settings settings;
  gateway gate;
  http_server server;
};

application::application(std::unique_ptr<impl> made) : impl_(std::move(made)) {}

application::~application() { end(duration::zero()); }

result<std::unique_ptr<application>> application::start(config what, application_parts parts) {
  auto serves = service::make(std::move(what), nullptr, {}, std::move(parts.load));
  if (!serves) return serves.error();
  std::unique_ptr<application> made(new application(std::make_unique<impl>(*std::move(serves), parts.time)));
  if (const auto begun = made->impl_->server.start(); !begun) return begun.error();
  return made;
}

std::vector<listen_address> application::addresses() const { return impl_->server.addresses(); }
service& application::served() noexcept { return *impl_->what; }

result<void> application::wait_ready(duration limit) { return impl_->what->wait_ready(limit); }

result<std::vector<std::string>> application::reload(const config& next) {
  auto told = impl_->what->reload(next);
  if (!told) return told;
  if (const auto renewed = impl_->server.renew_certificates(); !renewed) return renewed.error();
  return told;
}

bool application::end(duration grace) {
  impl_->what->begin_end();
  impl_->server.begin_end();
  const bool well = impl_->what->drain(grace);
  impl_->server.wait_ended(longest_farewell);
  impl_->server.stop();
  return well;
}

void application::hurry() { impl_->what->hurry(); }

}  // namespace holdfast::serve
