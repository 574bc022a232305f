// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <holdfast/component.hpp>
#include <holdfast/engine.hpp>
#include <holdfast/outcome.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/http_client.hpp"

/// What `holdfast load` calls: a server, or a component in this process.
namespace holdfast::cli::load {

/// An export and what it is called with.
struct call_shape {
  std::string function;
  std::string arguments = "[]";  ///< JSON
};

/// The calls that a run makes, by their kind.
enum class call_kind : std::uint8_t { usual, trap, hang };
inline constexpr std::size_t call_kinds = 3;

struct call_shapes {
  std::array<call_shape, call_kinds> of;
  duration deadline = no_limit;  ///< of each call, from acceptance; no limit: the server's, or 60 s
};

/// How one call ended, as its caller saw it.
struct call_end {
  enum class seen : std::uint8_t {
    outcome,   ///< `what` says which
    detached,  ///< the call goes on
    left,      ///< the caller had left
    lost,      ///< no answer came, although the caller waited
  };
  seen how = seen::lost;
  std::optional<holdfast::outcome> what{};
  effect ran = effect::unknown;
  std::string why{};  ///< untrusted; of what did not complete
};

/// One caller: one call at a time, told on the context's thread and never in `call`.
class caller {
 public:
  virtual ~caller() = default;
  virtual void call(call_kind what, std::function<void(call_end)> then) = 0;
  /// Leaves the call that is under way; what became of it is told still.
  virtual void leave() = 0;
};

class target {
 public:
  virtual ~target() = default;
  virtual std::unique_ptr<caller> make_caller() = 0;
};

/// A component of a server, over HTTP: a connection for each caller, and a reset is its way of leaving.
/// @par Errors  `bad_arguments`: arguments that are no JSON
result<std::unique_ptr<target>> make_server_target(asio::io_context& on, const server_access& to,
                                                   const std::string& component, const call_shapes& shapes);

/// A component in this process, through a pool; a stop token is the callers' way of leaving.
/// @par Errors  as `host::open`, and `no_such_export`, `bad_arguments`
result<std::unique_ptr<target>> make_pool_target(asio::io_context& on, const engine& with,
                                                 const component& of, unsigned cells,
                                                 const call_shapes& shapes);

}  // namespace holdfast::cli::load
