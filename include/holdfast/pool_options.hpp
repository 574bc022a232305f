// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <holdfast/call_id.hpp>
#include <holdfast/duration.hpp>
#include <holdfast/imports.hpp>
#include <holdfast/rebuild_policy.hpp>
#include <holdfast/retry_policy.hpp>
#include <holdfast/sharing_policy.hpp>
#include <holdfast/value_parts.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How a pool holds its instances, and what they may reach.
namespace holdfast {

/// Bounds of one instance. 0: the default in parentheses.
struct instance_limits {
  std::uint64_t memory = 0;          ///< linear memory in bytes, all memories together (256 MiB)
  std::uint64_t table_elements = 0;  ///< all tables together (262,144)
  std::uint64_t result_bytes = 0;    ///< that one result or host call may move out of the guest (128 MiB)
  /// What one call may use, post-return included; the start of an instance is bounded by time alone (none).
  /// About one a WebAssembly instruction, looked at in loops and where functions begin. The same call uses
  /// the same each time, so one that runs out ends at the same place, as `deadline_killed`. The component has
  /// to be compiled with `metering::on`.
  std::uint64_t fuel = 0;
  std::uint32_t resources = 0;  ///< alive at once, of WASI and of the embedder, each (4096)
  /// Streams and futures open between the instance and its host. Where so many are, a call that may open more
  /// is refused with `limit` and never begins; one result may bring as many (256). Each holds 64 KiB that
  /// nobody reads, at most, or one element that is larger.
  std::uint32_t streams = 0;
};

/// What a guest may reach of the machine: nothing, unless it stands here.
struct grants {
  /// Opened for each instance anew: where it cannot be, none is built.
  struct directory {
    std::string host;       ///< the path on this machine
    std::string guest;      ///< the path the guest sees
    bool read_only = true;  ///< false: it may be changed, and what is below it
  };
  /// Names and values; none of this process's.
  std::vector<std::pair<std::string, std::string>> environment{};
  std::vector<std::string> arguments{};  ///< of the command line, the program's name first
  std::vector<directory> directories{};  ///< with all that is below them
  bool network = false;                  ///< TCP, UDP and the look-up of names, wherever to
  /// Hosts to which the guest may send HTTP requests: `host` at the scheme's own port, `host:port`, or
  /// `*.example.org` for those below it. What counts is the authority that is connected to, so an address has
  /// to stand here itself. No redirect is followed and no proxy of the environment is used; a connection has
  /// 10 s to come about, the first byte and each one after it have 60 s. `network` has no part in it.
  std::vector<std::string> http_hosts{};
  /// Pools and actors of its host, by their names, that the guest may call through `holdfast:outbound/calls`
  /// (guests/outbound/calls.wit).
  std::vector<std::string> calls{};
};

/// Which of its output streams a guest wrote to.
enum class guest_stream : std::uint8_t { out = 1, err = 2 };

/// What a guest printed. The text is untrusted; it may be cut anywhere, within a character too.
struct guest_text {
  guest_stream stream = guest_stream::out;  ///< of `wasi:cli/stdout` or `stderr`
  std::string_view untrusted{};             ///< for the length of the call that tells it
  wit::handle::home from{};                 ///< the instance
  /// It was printed for; unset: calls of async functions share the instance, or it is between calls.
  call_id call{};
};

/// Takes it. Called by several threads at once, inside a guest's slice: be quick. What it throws is dropped.
using guest_output = std::function<void(const guest_text&)>;

/// Settings of one pool; they stay when its component is exchanged, unless `swap_options` has others.
struct pool_options {
  /// Whose the keys of its calls are: pools of a host with one name share them, such as one that takes
  /// another's place. Empty: this pool's alone. An exchange of the component leaves it as it is.
  std::string name{};
  std::uint32_t cells = 1;                 ///< instances
  std::size_t queue_depth = 1024;          ///< calls that wait; one more is refused
  std::size_t queue_bytes = 64U << 20;     ///< the arguments of the calls that wait
  std::size_t call_bytes = 16U << 20;      ///< the arguments of one call
  duration stop_grace = duration::zero();  ///< between asking a guest to stop and the cut
  instance_limits limits{};                ///< of each instance
  rebuild_policy rebuild{};                ///< of each cell
  retry_policy retry{};                    ///< of each call; unset: none is sent again
  sharing_policy sharing{};                ///< of components with async functions
  grants may_reach{};                      ///< unset: nothing
  imports functions{};  ///< what the component imports of its embedder; one that is missing: `unknown_import`
  guest_output output{};  ///< empty: what guests print is dropped
  /// Exports whose calls have one slice, by their names; `"*"`: all of them. Empty: none.
  ///
  /// Such a call needs no stack of its own and never changes its thread, so it costs about a third less. In
  /// return it has to be done within a slice, post-return included: one tick of the engine at least and two
  /// at most, of the time that its thread runs. Past it the call ends as `deadline_killed` and its instance
  /// is rebuilt, whatever `call_options::run_limit` says; deadlines, kills and leaving are as for any other
  /// call. The other exports of the component are as ever.
  ///
  /// Nothing that the component imports may wait, called or not: its host functions have to be inline ones
  /// (`imports::define_inline`), and of WASI it may import what answers at once, such as clocks and random
  /// numbers, but no streams, files, sockets or HTTP, nor an inline function beside handles of WASI's. Else
  /// the pool is not opened: `bad_arguments`, and the detail names the export and the imports.
  ///
  /// A call runs on the stack of the thread that drives it, where that has as much left as a stack of its own
  /// would have; where it has not, the call is correct and as quick as any other.
  std::vector<std::string> brief{};
};

}  // namespace holdfast
