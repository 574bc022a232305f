// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <holdfast/unpacker.hpp>

#include "wit/copy_run.hpp"
#include "wit/packed.hpp"
#include "wit/pipe.hpp"
#include "wit/reader.hpp"

namespace holdfast::wit {

namespace {

/// Reads values beside their types. Types are trusted, bytes are not.
class decoder {
 public:
  decoder(std::span<const std::byte> packed, std::size_t budget, handle::home from)
      : in_(packed), budget_(budget), from_(from) {}

  bool get(const type& t, value& into) {
    if (budget_ == 0) {
      over_budget_ = true;
      return in_.fail("more values than may be made of one buffer");
    }
    --budget_;
    switch (t.kind()) {
      case kind::boolean:
        return get_bool(into);
      case kind::s8:
        return get_number<std::int8_t>(into);
      case kind::u8:
        return get_number<std::uint8_t>(into);
      case kind::s16:
        return get_number<std::int16_t>(into);
      case kind::u16:
        return get_number<std::uint16_t>(into);
      case kind::s32:
        return get_number<std::int32_t>(into);
      case kind::u32:
        return get_number<std::uint32_t>(into);
      case kind::s64:
        return get_number<std::int64_t>(into);
      case kind::u64:
        return get_number<std::uint64_t>(into);
      case kind::f32:
        return get_number<float>(into);
      case kind::f64:
        return get_number<double>(into);
      case kind::character:
        return get_char(into);
      case kind::string:
        return get_string(into);
      case kind::list:
        return get_list(t.element(), into);
      case kind::record:
        return get_record(t, into);
      case kind::tuple:
        return get_tuple(t, into);
      case kind::variant:
        return get_variant(t, into);
      case kind::enumeration:
        return get_enum(t, into);
      case kind::option:
        return get_option(t, into);
      case kind::result:
        return get_result(t, into);
      case kind::flags:
        return get_flags(t, into);
      case kind::own:
        return get_handle(handle::ownership::own, into);
      case kind::borrow:
        return get_handle(handle::ownership::borrow, into);
      case kind::stream:
      case kind::future:
        return get_readable(t, into);
      case kind::unsupported:
        return in_.fail("a value of an unsupported type");
    }
    return in_.fail("a value of an unknown type");
  }

  bool finish() { return in_.finish(); }
  std::size_t position() const noexcept { return in_.position(); }
  std::size_t budget() const noexcept { return budget_; }

  error failure() const {
    if (over_budget_) return {errc::limit, "the value is made of too many parts: " + in_.failure()};
    return {errc::bad_arguments, "malformed value: " + in_.failure()};
  }

 private:
  bool get_bool(value& into) {
    bool b = false;
    if (!in_.boolean(b)) return false;
    into = value(b);
    return true;
  }

  template <class T>
  bool get_number(value& into) {
    T number{};
    if (!in_.word(number)) return false;
    into = value(number);
    return true;
  }

  bool get_char(value& into) {
    std::uint32_t c = 0;
    if (!in_.word(c)) return false;
    if (!is_unicode_scalar(c)) return in_.fail("a char is not a Unicode scalar value");
    into = value(static_cast<char32_t>(c));
    return true;
  }

  bool get_string(value& into) {
    std::string text;
    if (!in_.text(text)) return false;
    into = value(std::move(text));
    return true;
  }

  template <class T>
  bool get_run(value& into) {
    std::size_t count = 0;
    std::span<const std::byte> run;
    if (!in_.count(count, sizeof(T)) || !in_.run(run, count, sizeof(T))) return false;
    into = value(copy_of<T>(run));
    return true;
  }

  bool get_bools(value& into) {
    std::size_t count = 0;
    std::span<const std::byte> run;
    if (!in_.count(count, 1) || !in_.run(run, count, 1)) return false;
    std::vector<bool> bools(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (std::to_integer<unsigned>(run[i]) > 1) return in_.fail("a bool is neither 0 nor 1");
      bools[i] = run[i] == std::byte{1};
    }
    into = value(std::move(bools));
    return true;
  }

  bool get_chars(value& into) {
    if (!get_run<char32_t>(into)) return false;
    const auto good = [](char32_t c) { return is_unicode_scalar(c); };
    return std::ranges::all_of(into.get<std::vector<char32_t>>(), good) ||
           in_.fail("a char is not a Unicode scalar value");
  }

  bool get_list(const type& element, value& into) {
    switch (element.kind()) {
      case kind::boolean:
        return get_bools(into);
      case kind::s8:
        return get_run<std::int8_t>(into);
      case kind::u8:
        return get_run<std::uint8_t>(into);
      case kind::s16:
        return get_run<std::int16_t>(into);
      case kind::u16:
        return get_run<std::uint16_t>(into);
      case kind::s32:
        return get_run<std::int32_t>(into);
      case kind::u32:
        return get_run<std::uint32_t>(into);
      case kind::s64:
        return get_run<std::int64_t>(into);
      case kind::u64:
        return get_run<std::uint64_t>(into);
      case kind::f32:
        return get_run<float>(into);
      case kind::f64:
        return get_run<double>(into);
      case kind::character:
        return get_chars(into);
      default:
        break;
    }
    std::size_t count = 0;
    // Every value takes a byte at least: WIT has no empty records, tuples or flags.
    if (!in_.count(count, 1)) return false;
    list elements;
    elements.reserve(std::min(count, budget_));
    for (std::size_t i = 0; i < count; ++i) {
      if (!get(element, elements.emplace_back())) return false;
    }
    into = value(std::move(elements));
    return true;
  }

  bool get_record(const type& t, value& into) {
    std::vector<field_value> fields;
    fields.reserve(t.fields().size());
    for (const field& each : t.fields()) {
      if (!get(each.type, fields.emplace_back(each.name, value()).held())) return false;
    }
    into = value(record_value(std::move(fields)));
    return true;
  }

  bool get_tuple(const type& t, value& into) {
    list elements;
    elements.reserve(t.elements().size());
    for (const type& each : t.elements()) {
      if (!get(each, elements.emplace_back())) return false;
    }
    into = value(tuple_value(std::move(elements)));
    return true;
  }

  bool get_payload(const std::optional<type>& of, box& into) {
    if (!of) return true;
    value payload;
    if (!get(*of, payload)) return false;
    into = box(std::move(payload));
    return true;
  }

  bool get_variant(const type& t, value& into) {
    std::uint32_t i = 0;
    box payload;
    if (!in_.index(i, t.cases().size(), "a variant has no such case")) return false;
    if (!get_payload(t.cases()[i].payload, payload)) return false;
    into = value(variant_value(t.cases()[i].name, std::move(payload)));
    return true;
  }

  bool get_enum(const type& t, value& into) {
    std::uint32_t i = 0;
    if (!in_.index(i, t.names().size(), "an enum has no such case")) return false;
    into = value(enum_value(t.names()[i]));
    return true;
  }

  bool get_option(const type& t, value& into) {
    std::uint32_t some = 0;
    box payload;
    if (!in_.index(some, 2, "an option is neither none nor some")) return false;
    if (some == 1) {
      value held;
      if (!get(t.element(), held)) return false;
      payload = box(std::move(held));
    }
    into = value(option_value(std::move(payload)));
    return true;
  }

  bool get_result(const type& t, value& into) {
    std::uint32_t side = 0;
    box payload;
    if (!in_.index(side, 2, "a result is neither ok nor err")) return false;
    if (!get_payload(side == 0 ? t.ok() : t.err(), payload)) return false;
    into =
        value(result_value(side == 0 ? result_value::side::ok : result_value::side::err, std::move(payload)));
    return true;
  }

  bool get_flags(const type& t, value& into) {
    std::vector<std::string> set;
    std::uint32_t word = 0;
    const std::size_t count = t.names().size();
    for (std::size_t first = 0; first < count; first += 32) {
      const std::size_t used = std::min<std::size_t>(32, count - first);
      if (!in_.word(word)) return false;
      if (used < 32 && word >> used != 0) return in_.fail("flags that do not exist are set");
      for (std::size_t i = 0; i < used; ++i) {
        if ((word >> i & 1) != 0) set.push_back(t.names()[first + i]);
      }
    }
    into = value(flags_value(std::move(set)));
    return true;
  }

  bool get_handle(handle::ownership owned, value& into) {
    std::uint64_t number = 0;
    if (!in_.word(number)) return false;
    into = value(handle(number, owned, from_));
    return true;
  }

  bool get_readable(const type& t, value& into) {
    std::uint64_t number = 0;
    if (!in_.word(number)) return false;
    // Of one that was read before there is nothing left.
    into = value(readable(std::make_shared<reading_end>(reading_end::claim(number), t.payload())));
    return true;
  }

  packed_reader in_;
  std::size_t budget_;
  handle::home from_;
  bool over_budget_ = false;
};

// What stands for a value that could not be read: its reader may rely on the kind that a type has.
value nothing_of(const type& of) {
  switch (of.kind()) {
    case kind::own:
    case kind::borrow:
      return value(handle(0, handle::ownership::borrow, {}));
    case kind::stream:
    case kind::future:
      return value(readable());
    default:
      return {};
  }
}

}  // namespace

value unpacker::any(const type& of) {
  // What a value among typed ones takes, its text and numbers aside.
  constexpr std::size_t weight = 2 * sizeof(value);
  const std::size_t budget = std::min(decode_budget, budget_ / weight);
  decoder from(bytes_.subspan(position_), budget, home_);
  value made;
  if (!from.get(of, made)) {
    fail_with(from.failure());
    return nothing_of(of);
  }
  position_ += from.position();
  budget_ -= (budget - from.budget()) * weight;
  return made;
}

result<value> decode(const type& of, std::span<const std::byte> packed, std::size_t budget,
                     handle::home from) {
  decoder reads(packed, budget, from);
  value v;
  if (!reads.get(of, v) || !reads.finish()) return reads.failure();
  return v;
}

result<arguments> decode_arguments(const function& of, std::span<const std::byte> packed, std::size_t budget,
                                   handle::home from) {
  decoder reads(packed, budget, from);
  arguments values;
  values.reserve(of.params.size());
  for (const field& each : of.params) {
    if (!reads.get(each.type, values.emplace_back())) return reads.failure();
  }
  if (!reads.finish()) return reads.failure();
  return values;
}

}  // namespace holdfast::wit
