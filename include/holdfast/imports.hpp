// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <holdfast/host_call.hpp>
#include <holdfast/host_function.hpp>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>

/// Host functions: what a component may import from its embedder.
///
///     imports offered;
///     offered.define("shop:stock/prices", "price", [](std::string item) -> std::uint64_t { return
///     look_up(item); }); offered.define("shop:stock/clock", "sleep",
///                    [](const host_context& of, std::uint64_t ms) -> asio::awaitable<void> { ... },
///                    io.get_executor());
///
/// The types of the C++ function are compared with the import's when a pool is opened; `holdfast/codec.hpp`
/// says which stands for which. A function may take a `host_context` first.
namespace holdfast {

/// The host functions that a pool's component is linked with.
///
/// A function of an interface is defined under `ns:pkg/iface@1.0.0`, one of the root under an empty name. The
/// last definition of a name counts; one that the component does not import is ignored.
///
/// Where a function runs: on the executor given with it, else on that of `on`, else on a thread of the host's
/// that no guest needs. There it may block, and several run at once. Its guest is parked meanwhile and holds
/// no thread. What it throws ends the guest's call as `host_failed`, with the text, and the instance is
/// rebuilt; an `err` that it returns is a value. Its stop token fires when the guest is to be stopped, never
/// because a caller left; one that does not return although its guest was cut counts in
/// `host_options::stuck_functions`, wherever it runs. One that has not begun by then is not run, and what it
/// would have got is freed at once. An executor's context must outlive the pools that use it.
class imports {
 public:
  /// Defines a typed function: plain, or a coroutine that returns `boost::asio::awaitable<R>`.
  ///
  /// A coroutine needs an executor: without one the pool is not opened. It runs on a strand of it. When its
  /// guest is to be stopped its cancellation slot gets `terminal` too, so that what it awaits ends early.
  template <detail::typed_host_function F>
  imports& define(std::string interface, std::string name, F function, boost::asio::any_io_executor on = {}) {
    return define(std::move(interface), std::move(name),
                  detail::define_typed(std::move(function), std::move(on)));
  }

  /// Defines a function that gets the call as it is, with dynamic values, and may answer it later.
  imports& define(std::string interface, std::string name, host_function function,
                  boost::asio::any_io_executor on = {});

  /// Defines a trusted function that runs inside the guest's slice, on the thread that drives it: for what
  /// takes no longer than a look-up. It is plain and `noexcept`, must not block, and must not call a pool and
  /// wait.
  template <detail::typed_host_function F>
  imports& define_inline(std::string interface, std::string name, F function) {
    return define(std::move(interface), std::move(name), detail::define_inline_typed(std::move(function)));
  }

  /// Defines what another table has: `define(interface, name, *other.functions().at(...))`.
  imports& define(std::string interface, std::string name, detail::host_definition what);

  /// Where functions run that were defined without an executor, before or after. Empty: on the host's
  /// threads.
  imports& on(boost::asio::any_io_executor executor);

  /// Defines a resource whose objects are the embedder's `T`s: host functions give them to the guest
  /// (`host_call::give`) and get them back (`host_call::object`). Its constructor and methods are functions:
  /// `[constructor]file`, `[method]file.read`. Resources defined with one `T` are one type.
  template <class T>
  imports& define_resource(std::string interface, std::string name) {
    return define_resource(std::move(interface), std::move(name), typeid(T));
  }

  /// By interface and name of the resource: the type of its objects.
  using resource_table = std::map<std::pair<std::string, std::string>, std::type_index>;
  /// What `define_resource` was told.
  const resource_table& resources() const noexcept { return resources_; }

  /// By interface and name of the function: what stands for it, for `define` of another table.
  using table = std::map<std::pair<std::string, std::string>, std::shared_ptr<const detail::host_definition>>;
  /// All that is defined, whether a component imports it or not.
  const table& functions() const noexcept { return functions_; }
  /// What `on` was told; empty: the host's threads.
  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

 private:
  imports& define_resource(std::string interface, std::string name, std::type_index type);

  table functions_;
  boost::asio::any_io_executor executor_;
  resource_table resources_;
};

}  // namespace holdfast
