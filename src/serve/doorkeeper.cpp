// SPDX-License-Identifier: Apache-2.0
#include "serve/doorkeeper.hpp"

#include <sodium.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "serve/ascii.hpp"

namespace holdfast::serve {
namespace {

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::system::error_code failed;
  if (host.find(':') == std::string_view::npos)
    boost::asio::ip::make_address_v4(host, failed);
  else
    boost::asio::ip::make_address_v6(host, failed);
  return !failed;
}

bool changes_state(http_method method) noexcept {
  return method != http_method::get && method != http_method::head && method != http_method::options;
}

}  // namespace

doorkeeper::doorkeeper(const server_settings& settings) : origins_(settings.cors_origins) {
  for (const std::string& each : settings.hosts) hosts_.push_back(ascii::lowered(each));
  for (const principal_settings& each : settings.principals) {
    entry made{.token = {}, .subject = each.certificate_subject, .who = {each.name, each.may}};
    digest bytes{};
    std::size_t length = 0;
    if (!each.token_sha256.empty() &&
        sodium_hex2bin(bytes.data(), bytes.size(), each.token_sha256.data(), each.token_sha256.size(),
                       nullptr, &length, nullptr) == 0 &&
        length == bytes.size())
      made.token = bytes;
    known_.push_back(std::move(made));
  }
}

std::optional<principal> doorkeeper::recognize(const http_turn& turn) const {
  if (!asks()) return principal{{}, {.kill = true, .drain = true}};
  if (const std::string& subject = turn.certified(); !subject.empty())
    for (const entry& each : known_)
      if (each.subject == subject) return each.who;
  const auto field = turn.request().field("authorization");
  if (!field) return std::nullopt;
  const std::size_t blank = std::min(field->find(' '), field->size());
  if (!ascii::equal(field->substr(0, blank), "bearer")) return std::nullopt;
  const std::string_view token = ascii::trimmed(field->substr(blank));
  if (token.empty()) return std::nullopt;
  digest shown{};
  crypto_hash_sha256(shown.data(), reinterpret_cast<const unsigned char*>(token.data()), token.size());
  // Every one is compared, so that the time tells nothing.
  const entry* found = nullptr;
  for (const entry& each : known_)
    if (each.token && sodium_memcmp(shown.data(), each.token->data(), shown.size()) == 0) found = &each;
  if (found == nullptr) return std::nullopt;
  return found->who;
}

// A page elsewhere can have a name of its own lead to this address (DNS rebinding), but it cannot have its
// browser name an address that it did not go to.
bool doorkeeper::known_host(std::string_view host) const {
  const std::string_view name = without_port(host);
  if (name.empty() || name == "localhost" || is_address(name)) return true;
  return std::ranges::any_of(hosts_, [&](const std::string& each) { return each == name || each == host; });
}

std::optional<http_refusal> doorkeeper::check_origin(const http_request& request, bool encrypted) const {
  // Where a token has to be shown, a name that leads here is no danger, unless names were given.
  if ((!asks() || !hosts_.empty()) && !known_host(request.host))
    return http_refusal{403, "the host `" + request.host +
                                 "` is none of this server's: `hosts` in the configuration names them"};
  if (!changes_state(request.method)) return std::nullopt;
  if (const auto origin = request.field("origin")) {
    const std::string ours = (encrypted ? "https://" : "http://") + request.host;
    if (!ascii::equal(*origin, ours) && allowed_origin(request).empty())
      return http_refusal{403, "a page of another origin asked for this"};
  } else if (const auto site = request.field("sec-fetch-site");
             site && *site != "same-origin" && *site != "none") {
    return http_refusal{403, "a page of another origin asked for this"};
  }
  return std::nullopt;
}

std::string doorkeeper::allowed_origin(const http_request& request) const {
  const auto origin = request.field("origin");
  if (!origin) return {};
  const bool listed =
      std::ranges::any_of(origins_, [&](const std::string& each) { return each == "*" || each == *origin; });
  return listed ? std::string(*origin) : std::string();
}

}  // namespace holdfast::serve
