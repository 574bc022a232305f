// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "serve/ascii.hpp"
#include "serve/config_rooms.hpp"
#include "serve/listen_address.hpp"

namespace holdfast::serve {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr within<duration::rep> a_while{nanoseconds(1ms).count(), nanoseconds(24h).count()};

std::optional<std::string> wrong_host(const std::string& name) {
  const bool bracketed = name.starts_with('[') && name.ends_with(']');
  const bool plain = std::ranges::all_of(name, [&](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '.' || (bracketed && (c == ':' || c == '[' || c == ']'));
  });
  if (plain && !name.empty() && name.size() <= 253) return std::nullopt;
  return "`" + name.substr(0, 64) + "` is no host such as api.example.org, without scheme and port";
}

std::optional<std::string> wrong_origin(const std::string& name) {
  const std::size_t scheme = name.starts_with("https://") ? 8 : name.starts_with("http://") ? 7 : 0;
  if (scheme != 0 && name.size() > scheme && name.find_first_of("/?#@ *\t\r\n\"", scheme) == name.npos)
    return std::nullopt;
  return "`" + name.substr(0, 64) + "` is no origin such as https://app.example.org, without a path";
}

void read_limits(config_table& of, http_limits& to) {
  constexpr std::size_t kib = 1U << 10;
  constexpr std::size_t gib = 1U << 30;
  of.number("connections", to.connections, {1, 1'000'000});
  of.size("head_bytes", to.head_bytes, {kib, kib * kib});
  of.number("fields", to.fields, {1, 10'000});
  of.size("target_bytes", to.target_bytes, {64, kib * kib});
  of.size("body_bytes", to.body_bytes, {1, gib});
  of.size("web_body_bytes", to.web_body_bytes, {1});
  of.number("requests", to.requests, {1});
  of.time("head_timeout", to.head_timeout, a_while);
  of.time("idle_timeout", to.idle_timeout, a_while);
  of.time("body_timeout", to.body_timeout, a_while);
  of.time("write_timeout", to.write_timeout, a_while);
  of.size("least_rate", to.least_rate, {0, gib});
  of.time("tls_timeout", to.tls_timeout, a_while);
}

void read_tls(config_table& of, tls_settings& to) {
  const bool certificate = of.path("certificate", to.certificate, expected_file::kind::file);
  const bool key = of.path("key", to.key, expected_file::kind::file);
  of.path("client_ca", to.client_ca, expected_file::kind::file);
  if (certificate && !of.has("key")) of.error("certificate", "`certificate` needs a `key`");
  if (key && !of.has("certificate")) of.error("key", "`key` needs a `certificate`");
}

void read_listen(config_table& of, std::vector<listen_address>& to) {
  std::vector<std::string> texts;
  of.texts("listen", texts, [&](const std::string& text) -> std::optional<std::string> {
    auto read = parse_listen_address(text);
    if (!read) return read.error().message();
    if (read->kind == listen_address::family::unix_socket)
      read->path = (of.source().folder / read->path).lexically_normal().string();
    for (const listen_address& other : to)
      if (same_place(*read, other)) return "`" + text + "` is listened on already, as `" + other.text + "`";
    if (to.size() == 64) return "more than 64 addresses to listen on";
    if (read->kind == listen_address::family::unix_socket)
      of.source().to.files.push_back({of.place("listen"), "listen", read->path, expected_file::kind::parent});
    to.push_back(*std::move(read));
    return std::nullopt;
  });
}

bool is_hexadecimal(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return ascii::hex_digit(c).has_value(); });
}

void read_principal(config_table& of, principal_settings& to) {
  const bool is_named = of.text("name", to.name);
  if (!of.has("name") || (is_named && to.name.empty()))
    of.error("name", "a principal needs a `name`");
  else if (to.name.size() > 256)
    of.error("name", "`name` has more than 256 bytes");
  of.text("token_sha256", to.token_sha256);
  if (!to.token_sha256.empty() && (to.token_sha256.size() != 64 || !is_hexadecimal(to.token_sha256)))
    of.error(
        "token_sha256",
        "`token_sha256` has to be 64 hexadecimal digits, such as `printf %s \"$TOKEN\" | sha256sum` prints");
  std::ranges::transform(to.token_sha256, to.token_sha256.begin(),
                         [](char c) { return ascii::hex_digit(c) ? ascii::lower(c) : c; });
  of.text("certificate_subject", to.certificate_subject);
  if (to.token_sha256.empty() && to.certificate_subject.empty() && !of.has("token_sha256") &&
      !of.has("certificate_subject"))
    of.error("a principal needs `token_sha256` or `certificate_subject`: nobody could be `" +
             to.name.substr(0, 64) + "`");
  else if (to.token_sha256.empty() && to.certificate_subject.empty())
    of.error("a principal's `token_sha256` or `certificate_subject` has to say something");
  std::vector<std::string> may;
  of.texts("rights", may, [](const std::string& one) -> std::optional<std::string> {
    if (one == "kill" || one == "drain") return std::nullopt;
    return "`" + one.substr(0, 64) + "` is no right; there are `kill` and `drain`";
  });
  for (const std::string& one : may) (one == "kill" ? to.may.kill : to.may.drain) = true;
}

}  // namespace

void read_rate(config_table& of, rate_limits& to) {
  of.real("per_second", to.per_second, {0, 1e9});
  of.number("burst", to.burst);
  of.number("concurrent", to.concurrent);
  if (to.burst != 0 && to.per_second == 0 && of.has("burst"))
    of.error("burst", "`burst` needs `per_second`: there is no rate to be above");
}

void read_server(config_table& of, server_settings& to) {
  read_listen(of, to.listen);
  of.number("threads", to.threads, {0, 1024});
  of.texts("hosts", to.hosts, wrong_host);
  of.texts("cors_origins", to.cors_origins, wrong_origin);
  of.time("drain_grace", to.drain_grace, {0, nanoseconds(24h).count()});
  of.flag("dashboard", to.dashboard);
  of.table("limits", [&](config_table& inner) { read_limits(inner, to.limits); });
  of.table("per_client", [&](config_table& inner) { read_rate(inner, to.per_client); });
  tls_settings tls;
  bool has_either = false;
  const bool is_there = of.table("tls", [&](config_table& inner) {
    read_tls(inner, tls);
    has_either = inner.has("certificate") || inner.has("key");
  });
  if (!is_there) return;
  if (!has_either) of.error("tls", "`tls` needs a `certificate` and a `key`");
  to.tls = std::move(tls);
}

void read_principals(config_table& of, server_settings& to) {
  std::set<std::string> names;
  std::set<std::string> credentials;
  of.tables("principals", [&](config_table& inner) {
    principal_settings one;
    read_principal(inner, one);
    if (!one.name.empty() && !names.insert(one.name).second)
      inner.error("name", "there is another principal `" + one.name.substr(0, 64) + "`");
    if (!one.token_sha256.empty() && !credentials.insert("t" + one.token_sha256).second)
      inner.error("token_sha256", "another principal has the same token");
    if (!one.certificate_subject.empty() && !credentials.insert("c" + one.certificate_subject).second)
      inner.error("certificate_subject", "another principal has the same certificate");
    if (!one.certificate_subject.empty() && (!to.tls || to.tls->client_ca.empty()))
      inner.error("certificate_subject",
                  "`certificate_subject` needs `client_ca` of `[server.tls]`: no client is asked for one");
    to.principals.push_back(std::move(one));
  });
}

}  // namespace holdfast::serve
