// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <holdfast/error.hpp>
#include <holdfast/value.hpp>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <typeindex>
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

  /// The embedder's object behind a handle of the arguments. Valid for as long as the pointer is held,
  /// whatever becomes of the guest meanwhile. One that the guest gave away is destroyed when the call is
  /// answered and the pointer is gone, unless its handle is given back with the answer.
  /// @throws std::invalid_argument where the handle is not of a resource defined with `T`, or not of this
  /// call
  template <class T>
  std::shared_ptr<T> object(const wit::handle& of) const {
    return std::static_pointer_cast<T>(find(of, typeid(T)));
  }
  /// The same, of an argument that is a handle; counted from 0.
  template <class T>
  std::shared_ptr<T> object(std::size_t argument) const {
    return object<T>(args().at(argument).template get<wit::handle>());
  }

  /// A handle for an object that the answer gives to the guest. It belongs to the guest's instance from now
  /// on: it is destroyed once, when the guest drops it, when the answer turns out not to have it, or when the
  /// instance goes, on whatever thread that happens; its destructor must be quick and not throw. More objects
  /// than `instance_limits::resources`, or a `T` that no imported resource was defined with, fail the answer.
  template <class T>
  wit::handle give(std::shared_ptr<T> object) {
    return keep(std::move(object), typeid(T));
  }

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
  std::shared_ptr<void> find(const wit::handle& of, std::type_index type) const;
  wit::handle keep(std::shared_ptr<void> object, std::type_index type);

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

  /// Defines a resource whose objects are the embedder's `T`s: host functions give them to the guest
  /// (`host_call::give`) and get them back (`host_call::object`). Its constructor and methods are functions:
  /// `[constructor]file`, `[method]file.read`. Resources defined with one `T` are one type.
  template <class T>
  imports& define_resource(std::string interface, std::string name) {
    return define_resource(std::move(interface), std::move(name), typeid(T));
  }

  using resource_table = std::map<std::pair<std::string, std::string>, std::type_index>;
  const resource_table& resources() const noexcept { return resources_; }

  using table = std::map<std::pair<std::string, std::string>, std::shared_ptr<const host_function>>;
  const table& functions() const noexcept { return functions_; }

 private:
  imports& define_resource(std::string interface, std::string name, std::type_index type);

  table functions_;
  resource_table resources_;
};

}  // namespace holdfast
