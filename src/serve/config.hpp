// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <holdfast/actor_options.hpp>
#include <holdfast/component.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/engine.hpp>
#include <holdfast/host.hpp>
#include <holdfast/pool_options.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What `holdfast serve` is told: the content of `holdfast.toml`, checked.
///
/// Plain data. Sizes are bytes. Defaults are what a file that says nothing gets.
namespace holdfast::serve {

/// Where the server listens.
struct listen_address {
  enum class family : std::uint8_t { tcp, unix_socket, inherited };
  family kind = family::tcp;
  std::string host;        ///< of tcp: an address, such as `127.0.0.1` or `::1`
  std::uint16_t port = 0;  ///< of tcp; 0: the system chooses
  std::string path;        ///< of a unix socket
  /// As it was written: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/holdfast.sock`, `systemd`.
  std::string text;
};

/// The certificate that the server shows, and whose clients it takes.
struct tls_settings {
  std::filesystem::path certificate{};  ///< PEM, the chain
  std::filesystem::path key{};          ///< PEM
  std::filesystem::path client_ca{};    ///< PEM; not empty: clients have to show a certificate of these
};

/// What somebody may do. Calls are everybody's who is let in.
struct rights {
  bool kill = false;   ///< see the calls of everybody, take them back and stop them
  bool drain = false;  ///< drain a component
};

/// Somebody who is let in. Calls and keys belong to the principal who made them.
struct principal_settings {
  std::string name;
  std::string token_sha256{};         ///< of the bearer token, 64 hexadecimal digits; empty: none
  std::string certificate_subject{};  ///< the common name of a client's certificate; empty: none
  serve::rights may{};
};

/// What one client, or one component, may ask for.
struct rate_limits {
  double per_second = 0;         ///< calls begun; 0: no limit
  std::uint32_t burst = 0;       ///< at once, on top; 0: as many as a second has, at least one
  std::uint32_t concurrent = 0;  ///< that are not answered yet; 0: no limit
};

/// Bounds of one connection and its requests.
struct http_limits {
  std::size_t connections = 10'000;                   ///< at the same time; one more waits to be accepted
  std::size_t head_bytes = 16U << 10;                 ///< request line and fields
  std::size_t fields = 100;                           ///< of one head
  std::size_t target_bytes = 8U << 10;                ///< the path with its query
  std::size_t body_bytes = 16U << 20;                 ///< of one request to a pool or an actor
  std::size_t web_body_bytes = 1U << 30;              ///< of one request to a web application, streamed
  std::size_t requests = 10'000;                      ///< on one connection, then it is closed
  duration head_timeout = std::chrono::seconds(10);   ///< from the first byte of a head to its last
  duration idle_timeout = std::chrono::seconds(60);   ///< between requests
  duration body_timeout = std::chrono::seconds(30);   ///< without a byte of a body
  duration write_timeout = std::chrono::seconds(30);  ///< without a byte that the client took
  std::uint64_t least_rate = 240;                     ///< of bodies, either way, in bytes a second; 0: none
  duration tls_timeout = std::chrono::seconds(10);    ///< for the handshake
};

struct server_settings {
  std::vector<listen_address> listen{};  ///< empty: 127.0.0.1:8080
  std::optional<tls_settings> tls{};     ///< for every tcp address
  unsigned threads = 0;                  ///< that read and write; 0: one a core
  http_limits limits{};
  rate_limits per_client{};  ///< of each principal, or of each address where nobody has to say who it is
  /// Names that a `Host` field may have, besides the addresses that are listened on and `localhost`.
  std::vector<std::string> hosts{};
  std::vector<std::string> cors_origins{};          ///< pages of these may call; empty: CORS is off
  std::vector<principal_settings> principals{};     ///< empty: whoever reaches the socket is let in
  duration drain_grace = std::chrono::seconds(25);  ///< for what runs when the server is told to end
  bool dashboard = true;
};

/// Where text goes: `-` standard error, `off` nowhere, else a file that is appended to.
struct log_settings {
  std::string access = "-";
  std::string guests = "-";
};

/// Where spans go.
struct trace_settings {
  std::string endpoint{};            ///< of an OTLP/HTTP collector; empty: traces are off
  double sample = 1.0;               ///< of requests without a `traceparent`: the share that is traced
  std::string service = "holdfast";  ///< whose the spans are
  std::vector<std::pair<std::string, std::string>> headers{};  ///< that the collector is sent
};

enum class component_kind : std::uint8_t { pool, actors, web };

struct component_settings {
  std::string name;
  std::filesystem::path path;  ///< absolute, or relative to the working directory
  /// Empty: what exports `wasi:http/incoming-handler` is `web`, anything else a `pool`.
  std::optional<component_kind> kind{};
  contract_sources contract{};
  bool metered = false;        ///< compiled for fuel
  bool deterministic = false;  ///< of actors
  pool_options pool{};         ///< of `pool` and `web`; `name` is `component_settings::name`
  actor_options actors{};      ///< of `actors`; the same
  std::vector<std::filesystem::path> earlier{};  ///< of actors: versions that kept states may be of
  rate_limits rate{};
  std::optional<duration> deadline{};     ///< of calls that name none
  std::optional<duration> run_limit{};    ///< of its calls
  std::vector<std::string> http_hosts{};  ///< that its guests may send requests to
  /// What the file says of it, in one spelling: whether a reload has anything to do.
  std::string written{};
};

struct config {
  std::filesystem::path file{};  ///< that it was read from; empty: from the command line
  server_settings server{};
  engine_options engine{};
  std::filesystem::path cache{};  ///< of compiled code; empty: none is kept
  std::optional<duration> compile_limit =
      std::chrono::seconds(120);              ///< for one component, in a process apart
  std::uint64_t compile_memory = 4ULL << 30;  ///< the same
  host_options host{};                        ///< without journal and observer
  std::filesystem::path journal{};            ///< empty: keys are kept in memory
  log_settings log{};
  trace_settings traces{};
  std::vector<component_settings> components{};
};

}  // namespace holdfast::serve
