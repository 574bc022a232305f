// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <holdfast/error.hpp>
#include <holdfast/value.hpp>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

/// Host functions: what a component may import from its embedder.
namespace holdfast {

/// One call of a guest into the host. The guest is parked until it is answered, and holds no thread
/// meanwhile.
///
/// Answer it once, from any thread, now or later; dropped without an answer it fails. An answer that comes
/// after the instance was cut is discarded.
/// @par Thread safety  distinct objects: safe; shared objects: const access only
class host_call {
 public:
  /// The arguments, owned.
  const wit::arguments& args() const noexcept;

  /// Fires when the guest is to be stopped. Never because a caller left.
  std::stop_token stop_token() const noexcept;

  /// Whether the instance is gone: nobody will read the answer.
  bool abandoned() const noexcept;

  /// The guest goes on, with nothing or with the value. One that does not fit the import's type fails the
  /// call.
  void reply() &&;
  void reply(wit::value what) &&;

  /// The guest's call ends as `host_failed` and its instance is rebuilt.
  void fail(std::string_view why) &&;

  struct impl;  // not for use outside Holdfast
  explicit host_call(std::unique_ptr<impl> made) noexcept;
  host_call(host_call&&) noexcept;
  host_call& operator=(host_call&&) noexcept;
  ~host_call();

 private:
  std::unique_ptr<impl> impl_;
};

/// Runs on a thread of the host's that no guest needs: it may block. Several run at once. What it throws
/// fails the call.
using host_function = std::function<void(host_call)>;

/// The host functions that a pool's component is linked with.
class imports {
 public:
  /// Defines a function of an interface (`ns:pkg/iface@1.0.0`), or of the root where `interface` is empty.
  /// The last definition of a name counts; one that the component does not import is ignored.
  imports& define(std::string interface, std::string name, host_function function);

  using table = std::map<std::pair<std::string, std::string>, std::shared_ptr<const host_function>>;
  const table& functions() const noexcept { return functions_; }

 private:
  table functions_;
};

}  // namespace holdfast
