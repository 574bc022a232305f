// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The types of WIT, as a component declares them.
///
/// A `type` is immutable and shared: a copy costs a reference count, a simple one not even that. Two types
/// are equal when their structure is; a resource is known by its index within one component. Every type is
/// finite and at most `type::max_depth` deep, so walking one by recursion is safe whoever made the component.
namespace holdfast::wit {

/// What a type is, in the order of the packed encoding's tags.
enum class kind : std::uint8_t {
  // Scalars, by WIT's keywords; `boolean` is `bool`, and `character` is `char`, a Unicode scalar value.
  boolean,
  s8,
  u8,
  s16,
  u16,
  s32,
  u32,
  s64,
  u64,
  f32,
  f64,
  character,
  // A string, and the types with parts; `enumeration` is `enum`.
  string,
  list,
  record,
  tuple,
  variant,
  enumeration,
  option,
  result,
  flags,
  // Resources: `own` is given away, `borrow` lent for the length of a call.
  own,
  borrow,
  // What a `readable` reads.
  stream,
  future,
  // Error contexts and the like: described, never passed.
  unsupported,
};

/// Whether values of this kind have a fixed width and no parts: bool, the numbers and char.
constexpr bool is_scalar(kind k) noexcept { return k <= kind::character; }

/// The WIT keyword of a kind: `u8`, `list`, `enum`.
std::string_view to_string(kind k) noexcept;

struct field;
struct variant_case;

/// A WIT type.
///
/// @par Thread safety  immutable: safe to share
class type {
 public:
  /// How deep types may nest. Wasmtime refuses components that go past 100.
  static constexpr unsigned max_depth = 128;

  /// A simple type: a scalar or `string`.
  /// @throws std::invalid_argument for a kind that needs parts
  type(wit::kind simple);  // NOLINT(google-explicit-constructor): `type::list(kind::u8)` reads as WIT does

  /// `list`, `record`, `tuple`, `variant`, `enumeration`, `option`, `result`, `flags`, `own` and `borrow`
  /// make the types with parts. They throw std::invalid_argument where WIT allows no such type: no fields,
  /// cases or names; a name given twice; nesting deeper than `max_depth`.
  static type list(type element);
  static type record(std::vector<field> fields);
  static type tuple(std::vector<type> elements);
  static type variant(std::vector<variant_case> cases);
  static type enumeration(std::vector<std::string> names);
  static type option(type some);
  static type result(std::optional<type> ok, std::optional<type> err);
  static type flags(std::vector<std::string> names);
  static type own(std::string resource, std::uint32_t index);
  static type borrow(std::string resource, std::uint32_t index);
  /// `stream` and `future`; none: of nothing, which only tells that it happened.
  static type stream(std::optional<type> element);
  static type future(std::optional<type> element);
  /// What can be described and never passed, by its WIT spelling.
  static type unsupported(std::string spelling);

  /// Which of the accessors below have something to say.
  wit::kind kind() const noexcept { return kind_; }

  /// The element of a list, the payload of an option. Only for those kinds.
  const type& element() const noexcept;
  /// The fields of a record, in order. Empty for other kinds, as with the accessors below.
  std::span<const field> fields() const noexcept;
  /// The elements of a tuple.
  std::span<const type> elements() const noexcept;
  /// The cases of a variant.
  std::span<const variant_case> cases() const noexcept;
  /// The cases of an enum, the flags of a flags type.
  std::span<const std::string> names() const noexcept;
  /// The payload of a result's good side, if it has one.
  const std::optional<type>& ok() const noexcept;
  /// What comes through a stream or a future, if anything does.
  const std::optional<type>& payload() const noexcept;
  /// The payload of a result's bad side, if it has one.
  const std::optional<type>& err() const noexcept;
  /// The name of the resource of own and borrow (may be empty), the WIT spelling of an unsupported type.
  std::string_view name() const noexcept;
  /// The index of the resource of own and borrow, within one component.
  std::uint32_t resource() const noexcept;
  /// How deep this type nests: 1 for a simple one.
  unsigned depth() const noexcept;

  /// The WIT spelling. Named types are spelled by structure: `record { a: u32 }`, `list<u8>`,
  /// `result<_, string>`.
  std::string to_string() const;

  friend bool operator==(const type& left, const type& right) noexcept;

 private:
  struct node;
  type(wit::kind k, std::shared_ptr<const node> parts) noexcept;
  static type make(wit::kind k, node parts);

  wit::kind kind_;
  std::shared_ptr<const node> node_;  // null for a simple type
};

/// A named member of a record, or a parameter of a function.
struct field {
  std::string name;  ///< as in WIT: `item-count`
  wit::type type;    ///< in full, whatever WIT calls it
  friend bool operator==(const field&, const field&) = default;
};

/// A case of a variant.
struct variant_case {
  std::string name;                  ///< as in WIT: `out-of-stock`
  std::optional<wit::type> payload;  ///< none: the case says it all
  friend bool operator==(const variant_case&, const variant_case&) = default;
};

}  // namespace holdfast::wit
