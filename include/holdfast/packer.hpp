// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <holdfast/error.hpp>
#include <holdfast/type.hpp>
#include <holdfast/value.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Where typed values are written on their way to a guest.
///
/// Only codecs (`holdfast/codec.hpp`) use it. What is written owns its bytes: a string or a list of scalars
/// is copied, or, large and moved in, kept beside the buffer and referred to. Each function that can fail
/// answers whether it could; the first failure is the one that is told, with the path that its callers put
/// before it.
namespace holdfast::wit {

/// Whether large runs may stand outside the buffer. The inline form is canonical: equal arguments, equal
/// bytes.
enum class placement : std::uint8_t { by_reference, in_line };

/// From this size in bytes on a moved string or scalar list is referred to, not copied.
inline constexpr std::size_t reference_threshold = 256;

/// No allocation for the arguments of most calls.
using small_bytes = boost::container::small_vector<std::byte, 48>;

/// Which instances issued the handles among some values.
class homes {
 public:
  /// One of generation 0 does not count.
  void note(const handle::home& one) noexcept {
    if (one.generation == 0) return;  // made by hand: the instance says whether it knows it
    several_ = several_ || (one_.generation != 0 && one_ != one);
    one_ = one;
  }
  void note(const homes& others) noexcept {
    note(others.one_);
    several_ = several_ || others.several_;
  }
  /// The last that was noted; generation 0: there is none. `several`: others were too, and no call can take
  /// them all.
  const handle::home& one() const noexcept { return one_; }
  bool several() const noexcept { return several_; }

 private:
  handle::home one_{};
  bool several_ = false;
};

/// @par Thread safety  distinct objects: safe
class packer {
 public:
  /// `in_line` for bytes that are compared, hashed, kept or sent on.
  explicit packer(placement where = placement::by_reference) noexcept : where_(where) {}
  packer(packer&&) noexcept = default;
  packer& operator=(packer&&) noexcept = default;

  /// A number, as it lies in memory.
  template <class T>
    requires std::is_arithmetic_v<T>
  bool word(T number) {
    std::memcpy(grow(sizeof number), &number, sizeof number);
    return true;
  }

  /// The length of a list or string. False: more than WIT can hold.
  bool length(std::size_t count);

  /// A char. False: not a Unicode scalar value.
  bool character(char32_t letter);

  /// A string, copied. False: not UTF-8.
  bool text(std::string_view letters);
  /// A string that may be kept instead.
  bool text(std::string&& letters);

  /// A list of numbers of `size` bytes each, copied at once.
  bool run(const void* first, std::size_t count, std::size_t size);
  /// The same that may be kept instead. For the vectors that a `value` holds.
  template <scalar T>
  bool run(std::vector<T>&& numbers) {
    const std::size_t bytes = numbers.size() * sizeof(T);
    if (!keeps(bytes) || numbers.size() > longest) return run(numbers.data(), numbers.size(), sizeof(T));
    const T* const first = numbers.data();
    const std::size_t count = numbers.size();
    keep(value(std::move(numbers)), first, count, bytes);
    return true;
  }

  /// A value whose shape is looked at only now. False: it does not fit the type.
  bool any(const type& of, const value& what);

  /// Remembers why it cannot be done; false.
  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }

  /// Puts a step before the path of a failure on its way out: `.lines`, `[3]`.
  template <class Step>
  bool within(bool done, Step step) {
    if (!done) [[unlikely]]
      path_.insert(0, step());
    return done;
  }

  /// The failure as `bad_arguments`: `argument 2 (order).lines[3].name: the string is not UTF-8 at byte 7`.
  error failure(std::string_view where) const {
    return {errc::bad_arguments, std::string(where) + path_ + ": " + why_};
  }

  /// The buffer alone, until the next thing is packed; with `by_reference` large runs are not in it.
  std::span<const std::byte> bytes() const noexcept { return {out_.data(), out_.size()}; }
  /// All bytes held: the buffer and what it refers to.
  std::size_t size() const noexcept { return out_.size() + referred_; }
  /// Forgets all of it, for the next use.
  void clear(placement where = placement::by_reference) noexcept {
    where_ = where;
    out_.clear();
    kept_.clear();
    referred_ = 0;
    handles_ = {};
    path_.clear();
    why_.clear();
  }
  /// Of the handles that were packed.
  const homes& handles() const noexcept { return handles_; }

 private:
  friend class packed_args;
  static constexpr std::uint32_t by_reference_bit = 1U << 31;
  static constexpr std::size_t longest = by_reference_bit - 1;

  bool keeps(std::size_t bytes) const noexcept {
    return where_ == placement::by_reference && bytes >= reference_threshold;
  }
  void keep(value owner, const void* first, std::size_t count, std::size_t bytes);

  std::byte* grow(std::size_t by) {
    const std::size_t before = out_.size();
    out_.resize(before + by, boost::container::default_init);
    return out_.data() + before;
  }

  placement where_;
  small_bytes out_;
  std::vector<value> kept_;  // owners of the bytes that are referred to
  std::size_t referred_ = 0;
  homes handles_;
  std::string path_;
  std::string why_;
};

}  // namespace holdfast::wit
