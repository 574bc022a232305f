// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The parts that WIT values are made of and that C++ has no type for: records, variants, flags, handles.
///
/// None is an aggregate, so values may be built inside a `co_await` expression (g++ 12 destroys a non-trivial
/// aggregate there twice). Moves are cheap; copies are deep.
namespace holdfast::wit {

class value;

/// A list whose elements are not scalars.
using list = std::vector<value>;

/// A list of bytes: `list<u8>`.
using bytes = std::vector<std::uint8_t>;

/// At most one value, held apart so that values can nest. Copies deep.
class box {
 public:
  /// Empty, or the owner of that value.
  box() noexcept;
  explicit box(value held);
  box(const box& other);
  box(box&& other) noexcept;
  box& operator=(const box& other);
  box& operator=(box&& other) noexcept;
  ~box();

  /// `operator bool` asks the same. `*` and `->` of one that has none are undefined.
  bool has_value() const noexcept { return held_ != nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  const value& operator*() const noexcept { return *held_; }
  value& operator*() noexcept { return *held_; }
  const value* operator->() const noexcept { return held_.get(); }
  value* operator->() noexcept { return held_.get(); }
  friend bool operator==(const box& left, const box& right) noexcept;

 private:
  std::unique_ptr<value> held_;
};

/// A resource, of a guest or of the host. The number means something only to the instance that issued it,
/// which is the handle's home: a call that passes the handle has to run there, and no other generation knows
/// it.
class handle {
 public:
  /// An own one can be given away, lent or released; a borrowed one can be lent.
  enum class ownership : std::uint8_t { own, borrow };
  /// The instance that issued a handle.
  struct home {
    std::uint32_t cell = 0;        ///< counted from 0 within the host
    std::uint64_t generation = 0;  ///< 0: none was given
    friend bool operator==(const home&, const home&) = default;
  };

  /// One made without a home (`from` is of generation 0) may go to any instance, which then says whether it
  /// knows the `number`. `owned`: an own one alone fits an `own`.
  handle(std::uint64_t number, ownership o) noexcept : handle(number, o, home{}) {}
  handle(std::uint64_t number, ownership o, home from) noexcept
      : number_(number), generation_(from.generation), cell_(from.cell), ownership_(o) {}
  std::uint64_t number() const noexcept { return number_; }
  ownership owned() const noexcept { return ownership_; }
  home from() const noexcept { return {cell_, generation_}; }
  friend bool operator==(const handle&, const handle&) = default;

 private:
  std::uint64_t number_;
  std::uint64_t generation_;
  std::uint32_t cell_;
  ownership ownership_;
};
static_assert(sizeof(handle) <= 24);

class reading_end;

/// The reading end of a `stream<T>` or a `future<T>`, as an argument or a result; copies are the same end.
/// One reads from it through `holdfast::stream_reader` and its like, and passes it on as an argument: to one
/// call, once. Whoever takes it has it; the last copy of one that nobody took closes it, which the writer is
/// told. Default: there is none.
class readable {
 public:
  readable() noexcept = default;
  /// Holdfast makes it; not for use outside Holdfast.
  explicit readable(std::shared_ptr<reading_end> end) noexcept : end_(std::move(end)) {}
  /// The same: not for use outside Holdfast.
  const std::shared_ptr<reading_end>& end() const noexcept { return end_; }
  friend bool operator==(const readable&, const readable&) = default;

 private:
  std::shared_ptr<reading_end> end_;
};

class field_value;

/// A record. As an argument its fields may stand in any order, and one that is an option may be left out;
/// what a guest answers stands in the order of its type. Equality goes by the order too.
class record_value {
 public:
  /// Of two `fields` of one name `find` has the first, and a call is refused.
  explicit record_value(std::vector<field_value> fields) noexcept;
  record_value(const record_value& other);
  record_value(record_value&& other) noexcept;
  record_value& operator=(const record_value& other);
  record_value& operator=(record_value&& other) noexcept;
  ~record_value();

  /// All of them, in the order in which they stand.
  const std::vector<field_value>& fields() const noexcept { return fields_; }
  std::vector<field_value>& fields() noexcept { return fields_; }
  /// The field of that name, or null.
  const value* find(std::string_view name) const noexcept;
  friend bool operator==(const record_value&, const record_value&) noexcept;

 private:
  std::vector<field_value> fields_;
};

/// A tuple of one element or more.
class tuple_value {
 public:
  /// A call is refused where `elements` are more or fewer than its parameter has.
  explicit tuple_value(list elements) noexcept;
  const list& elements() const noexcept { return elements_; }
  list& elements() noexcept { return elements_; }
  friend bool operator==(const tuple_value&, const tuple_value&) noexcept;

 private:
  list elements_;
};

/// One case of a variant.
class variant_value {
 public:
  /// `name` is as in WIT, `out-of-stock`; `payload` is empty where the case has none.
  explicit variant_value(std::string name, box payload = {}) noexcept
      : name_(std::move(name)), payload_(std::move(payload)) {}
  const std::string& name() const noexcept { return name_; }
  const box& payload() const noexcept { return payload_; }
  box& payload() noexcept { return payload_; }
  friend bool operator==(const variant_value&, const variant_value&) = default;

 private:
  std::string name_;
  box payload_;
};

/// One case of an enum. As an argument a string with its name does as well.
class enum_value {
 public:
  /// `name` is as in WIT.
  explicit enum_value(std::string name) noexcept : name_(std::move(name)) {}
  const std::string& name() const noexcept { return name_; }
  friend bool operator==(const enum_value&, const enum_value&) = default;

 private:
  std::string name_;
};

/// An option. As an argument the value itself does as well as `some` of it.
class option_value {
 public:
  /// `some` is empty for none.
  explicit option_value(box some = {}) noexcept : some_(std::move(some)) {}
  const box& some() const noexcept { return some_; }
  box& some() noexcept { return some_; }
  friend bool operator==(const option_value&, const option_value&) = default;

 private:
  box some_;
};

/// A result of WIT: what a guest answered, whichever side it is.
class result_value {
 public:
  /// Either may be without a payload.
  enum class side : std::uint8_t { ok, err };
  /// `payload` is empty where that side has none. `which` and `is_ok` tell the side.
  explicit result_value(side s, box payload = {}) noexcept : side_(s), payload_(std::move(payload)) {}
  side which() const noexcept { return side_; }
  bool is_ok() const noexcept { return side_ == side::ok; }
  const box& payload() const noexcept { return payload_; }
  box& payload() noexcept { return payload_; }
  friend bool operator==(const result_value&, const result_value&) = default;

 private:
  side side_;
  box payload_;
};

/// The flags that are set, by name. Decoded ones stand in the order of their type.
class flags_value {
 public:
  /// A call is refused where one of the `names` is no flag of its type. `has` asks for one.
  explicit flags_value(std::vector<std::string> names) noexcept : names_(std::move(names)) {}
  const std::vector<std::string>& names() const noexcept { return names_; }
  bool has(std::string_view name) const noexcept;
  /// Equal when the same flags are set, in whatever order.
  friend bool operator==(const flags_value& left, const flags_value& right) noexcept;

 private:
  std::vector<std::string> names_;
};

}  // namespace holdfast::wit
