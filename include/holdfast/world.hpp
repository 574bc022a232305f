// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <holdfast/cancel_contract.hpp>
#include <holdfast/error.hpp>
#include <holdfast/type.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a component imports and exports.
///
/// Functions stand at the root or in interfaces. An exported function is named in any of the ways a person
/// would try: `func` while only one has that name, `iface#func`, `iface.func`, `ns:pkg/iface#func`, with or
/// without the version.
namespace holdfast::wit {

/// A function of a component.
struct function {
  std::string name;                 ///< as declared: `place-order`, `[method]cart.add`
  std::string interface;            ///< full name of its interface, empty at the root
  std::vector<field> params;        ///< names and types, in order
  std::optional<wit::type> result;  ///< none: it returns nothing
  bool is_async = false;            ///< `async func`: its instance may have other calls meanwhile
  std::uint32_t index = 0;          ///< what a call names; its own numbers for exports and for imports
  cancel_contract contract;         ///< of an export: what may be done to a call of it
  std::string docs;                 ///< of an export: its documentation, without the marks. Untrusted text

  /// `iface#func`, or the bare name at the root.
  std::string qualified_name() const;
  /// The WIT spelling: `place-order: func(title: string, count: u32) -> result<u64, string>`.
  std::string to_string() const;
};

/// What stands under a name.
enum class item_kind : std::uint8_t { function, interface, resource, type, core_module, component, value };

/// In words: `core module`.
std::string_view to_string(item_kind k) noexcept;

/// Something else than a function or an interface that a component imports or exports.
struct named_item {
  item_kind kind;    ///< never `function` or `interface`
  std::string name;  ///< without that of its interface
};

/// Functions and other things under one name. The root has the empty name.
struct interface {
  std::string name;                   ///< in full: `ns:pkg/iface@1.0.0`
  std::vector<function> functions;    ///< without those of nested ones
  std::vector<named_item> others;     ///< resources, types, modules, components, values
  std::vector<interface> interfaces;  ///< nested ones: of the root all there are, seldom elsewhere
  std::string docs{};                 ///< of an exported one: its documentation. Untrusted text
};

/// All that a component imports and exports.
///
/// @par Thread safety  const access: safe to share
struct world {
  interface imports;  ///< the root: what an interface has is in its `interfaces`
  interface exports;  ///< as `imports`

  /// Every exported function, nested ones too, in the order of the description.
  std::vector<const function*> exported_functions() const;
  /// Every imported function, nested ones too, in the order of the description.
  std::vector<const function*> imported_functions() const;

  /// Finds an export by a name as a person writes it. The pointer lives as long as this world.
  ///
  /// @par Errors  `errc::no_such_export`: the detail names the nearest export, or the candidates where
  /// several match
  result<const function*> find_export(std::string_view name) const;
};

}  // namespace holdfast::wit
