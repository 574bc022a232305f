// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/call_id.hpp>
#include <holdfast/error.hpp>
#include <holdfast/value.hpp>
#include <holdfast/world.hpp>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <typeindex>
#include <utility>

/// A guest's call into the host, as it is.
///
/// Most host functions are written as plain C++ functions or coroutines (`holdfast/imports.hpp`) and never
/// see one.
namespace holdfast {

namespace detail {
struct host_call_bytes;
}  // namespace detail

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

  /// The call that the guest works on; zero outside one, in a start function.
  call_id caller() const noexcept;
  /// Which attempt of it this is, from 1; 0 outside a call.
  unsigned attempt() const noexcept;

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
  friend struct detail::host_call_bytes;
  std::shared_ptr<void> find(const wit::handle& of, std::type_index type) const;
  wit::handle keep(std::shared_ptr<void> object, std::type_index type);

  std::unique_ptr<impl> impl_;
};

namespace detail {

/// What typed host functions need of a call: its bytes, without dynamic values.
struct host_call_bytes {
  static const wit::function& import(const host_call& of) noexcept;
  static std::span<const std::byte> arguments(const host_call& of) noexcept;
  /// The instance that issued the handles among them.
  static wit::handle::home home(const host_call& of) noexcept;
  /// Answers with a packed result.
  static void reply(host_call&& to, std::span<const std::byte> packed);
};

}  // namespace detail
}  // namespace holdfast
