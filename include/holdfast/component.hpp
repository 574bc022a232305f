// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <holdfast/engine.hpp>
#include <holdfast/world.hpp>
#include <memory>
#include <span>

/// A compiled WebAssembly component.
namespace holdfast {

/// Where the cancel contract of a component's exports is declared (`cancel_contract.hpp` has the rules), most
/// binding first. What a file says of an export replaces what those below it say of that export.
struct contract_sources {
  /// A JSON file: `{"exports": {"ns:pkg/iface#func": ["idempotent"], "greet": ["read-only", "kill-safe"]}}`.
  /// An empty list, or `["none"]`, takes all marks away. Empty: none; `component::load` then looks beside the
  /// file it loads, `app.holdfast.json` beside `app.wasm`.
  std::filesystem::path manifest{};
  /// A WIT file, or a directory of them with its `deps`. Empty: none.
  std::filesystem::path wit{};
  /// The world of that WIT that the component implements, by its name or its full name. Empty: the one that
  /// shares the most exports with it.
  std::string world{};
};
/// Whether compiled code counts the fuel that it uses, so that `instance_limits::fuel` can bound it.
enum class metering : std::uint8_t { off, on };

/// Whether compiled code does the same on every machine and in every run, as long as it learns the same from
/// outside: NaNs are canonical, relaxed SIMD has one meaning.
enum class determinism : std::uint8_t { off, on };

/// How one component is compiled. The defaults keep nothing on disk and cost no speed.
struct compile_options {
  /// Where compiled code is kept between runs; empty: nowhere. The directory is made with mode 0700; one that
  /// others may write to is refused, since loading an entry runs native code.
  std::filesystem::path cache{};
  /// Where the cancel contract and the documentation of the exports come from, besides the component itself.
  contract_sources contract{};
  /// Counting costs some speed, and the first component that counts makes the engine reserve a second pool of
  /// instances.
  metering fuel = metering::off;
  /// What replay needs: what a guest did is done again by an instance that learns the same. It costs some
  /// speed in floating point, such code has cache entries of its own, and the first component of that kind
  /// makes the engine reserve another pool of instances. One with async functions is refused as
  /// `unsupported_component`.
  determinism replay = determinism::off;
};

/// Immutable, cheap to copy. Knows the types of its imports and exports.
///
/// @par Thread safety  distinct objects: safe; shared objects: safe
class component {
 public:
  /// Compiles a binary component, or one in text form. May take seconds: not for an event loop.
  ///
  /// @par Errors  `not_wasm`, `core_module`, `malformed_component`, `unsupported_component`; the detail says
  /// where. `bad_contract`: a mark, the manifest or the WIT is wrong; the detail has file, line and column
  /// where; `no_resources` where the pool for metered or deterministic code cannot be reserved
  [[nodiscard]] static result<component> compile(const engine& with, std::span<const std::byte> bytes,
                                                 const compile_options& options = {});

  /// Reads a file and compiles it, with the manifest beside it where there is one. The detail of an error
  /// begins with the path.
  [[nodiscard]] static result<component> load(const engine& with, const std::filesystem::path& path,
                                              const compile_options& options = {});

  /// Its imports and exports; as long as the component, or a copy of it.
  const wit::world& world() const noexcept;

  /// The export that serves HTTP, `handle` of `wasi:http/incoming-handler@0.2`; as long as the component.
  /// Null: there is none.
  const wit::function* http_handler() const noexcept;

  /// Whether it was compiled with `determinism::on`.
  bool deterministic() const noexcept;

  struct impl;  // not for use outside Holdfast
  const std::shared_ptr<const impl>& internals() const noexcept { return impl_; }

 private:
  explicit component(std::shared_ptr<const impl> made) noexcept : impl_(std::move(made)) {}
  std::shared_ptr<const impl> impl_;
};

/// The directory for compiled code of this user: `$HOLDFAST_CACHE/compiled`,
/// `$XDG_CACHE_HOME/holdfast/compiled` or
/// `~/.cache/holdfast/compiled`. Empty where there is no home.
std::filesystem::path default_compile_cache();

}  // namespace holdfast
