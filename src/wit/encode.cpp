// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "wit/describe.hpp"
#include "wit/packed.hpp"
#include "wit/pipe.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

static_assert(std::endian::native == std::endian::little,
              "the packed encoding is little-endian and copied as it is");

namespace {

constexpr std::uint32_t by_reference_bit = 1u << 31;
constexpr std::size_t longest = by_reference_bit - 1;

/// The WIT kind of a C++ scalar.
template <class T>
constexpr kind kind_of = kind::unsupported;
template <>
constexpr kind kind_of<bool> = kind::boolean;
template <>
constexpr kind kind_of<std::int8_t> = kind::s8;
template <>
constexpr kind kind_of<std::uint8_t> = kind::u8;
template <>
constexpr kind kind_of<std::int16_t> = kind::s16;
template <>
constexpr kind kind_of<std::uint16_t> = kind::u16;
template <>
constexpr kind kind_of<std::int32_t> = kind::s32;
template <>
constexpr kind kind_of<std::uint32_t> = kind::u32;
template <>
constexpr kind kind_of<std::int64_t> = kind::s64;
template <>
constexpr kind kind_of<std::uint64_t> = kind::u64;
template <>
constexpr kind kind_of<float> = kind::f32;
template <>
constexpr kind kind_of<double> = kind::f64;
template <>
constexpr kind kind_of<char32_t> = kind::character;

template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char32_t>;

/// Calls `then` with a null pointer to the C++ type of a scalar kind.
template <class Then>
bool with_scalar(kind k, Then&& then) {
  switch (k) {
    case kind::boolean:
      return then(static_cast<bool*>(nullptr));
    case kind::s8:
      return then(static_cast<std::int8_t*>(nullptr));
    case kind::u8:
      return then(static_cast<std::uint8_t*>(nullptr));
    case kind::s16:
      return then(static_cast<std::int16_t*>(nullptr));
    case kind::u16:
      return then(static_cast<std::uint16_t*>(nullptr));
    case kind::s32:
      return then(static_cast<std::int32_t*>(nullptr));
    case kind::u32:
      return then(static_cast<std::uint32_t*>(nullptr));
    case kind::s64:
      return then(static_cast<std::int64_t*>(nullptr));
    case kind::u64:
      return then(static_cast<std::uint64_t*>(nullptr));
    case kind::f32:
      return then(static_cast<float*>(nullptr));
    case kind::f64:
      return then(static_cast<double*>(nullptr));
    default:
      return then(static_cast<char32_t*>(nullptr));
  }
}

/// Whether a float holds an integer exactly: it has only so many digits.
template <std::floating_point F, integer I>
bool exact(I from) {
  constexpr std::int64_t limit = std::int64_t{1} << std::numeric_limits<F>::digits;
  return std::cmp_less_equal(from, limit) && std::cmp_greater_equal(from, -limit);
}

template <class T>
std::string spelled(T number) {
  if constexpr (std::floating_point<T>) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.17g", static_cast<double>(number));
    return text.data();
  } else {
    return std::to_string(number);
  }
}

}  // namespace

/// Walks a type and a value side by side and appends. On failure it unwinds, and each level puts its step
/// before the path, so that a success costs no path at all.
class encoder {
 public:
  explicit encoder(placement where, std::size_t expected = 64) : where_(where) { out_.reserve(expected); }

  bool put(const type& t, const value& v) {
    ++values_;
    switch (t.kind()) {
      case kind::string:
        return put_string(v);
      case kind::list:
        return put_list(t, v);
      case kind::record:
        return put_record(t, v);
      case kind::tuple:
        return put_tuple(t, v);
      case kind::variant:
        return put_variant(t, v);
      case kind::enumeration:
        return put_enum(t, v);
      case kind::option:
        return put_option(t, v);
      case kind::result:
        return put_result(t, v);
      case kind::flags:
        return put_flags(t, v);
      case kind::own:
      case kind::borrow:
        return put_handle(t, v);
      case kind::stream:
      case kind::future:
        return put_readable(t, v);
      case kind::unsupported:
        return fail("values of type " + t.to_string() + " cannot be passed");
      default:
        return with_scalar(t.kind(), [this, &v]<class T>(T*) {
          return v.visit([this, &v]<class S>(const S& held) {
            if constexpr (scalar<S>) {
              return put_scalar<T>(held);
            } else {
              return expected(kind_of<T>, v);
            }
          });
        });
    }
  }

  std::vector<std::byte> take() { return std::move(out_); }
  const homes& handles() const noexcept { return handles_; }
  std::vector<readable>& ends() noexcept { return ends_; }
  const std::string& path() const noexcept { return path_; }
  const std::string& why() const noexcept { return why_; }
  error failure(std::string_view where) const {
    return {errc::bad_arguments, std::string(where) + path_ + ": " + why_};
  }

  packed_args finish(arguments&& values) {
    packed_args packed;
    packed.buffer_ = std::move(out_);
    if (referred_ > 0) {
      // All of them are kept: taking the large ones out would move no fewer bytes and leave holes.
      packed.referred_ = referred_ + values_ * sizeof(value);
      packed.kept_ = std::move(values);
    } else {
      packed.kept_.assign(ends_.begin(), ends_.end());
    }
    return packed;
  }

 private:
  void raw(const void* from, std::size_t size) {
    if (size == 0) return;
    const auto* const bytes = static_cast<const std::byte*>(from);
    out_.insert(out_.end(), bytes, bytes + size);
  }
  template <class T>
  void word(T w) {
    raw(&w, sizeof w);
  }

  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool expected(std::string_view what, const value& got) {
    return fail("expected " + std::string(what) + ", got " + describe(got));
  }
  bool expected(kind what, const value& got) { return expected(to_string(what), got); }
  bool expected(const type& what, const value& got) { return expected(short_spelling(what), got); }
  bool within(bool done, auto step) {
    if (!done) path_.insert(0, step());
    return done;
  }
  static auto index_step(std::size_t i) {
    return [i] { return "[" + std::to_string(i) + "]"; };
  }
  static auto name_step(std::string_view name) {
    return [name] { return "." + std::string(name); };
  }

  bool length(std::size_t n) {
    if (n > longest) return fail(std::to_string(n) + " elements are more than a list or string can hold");
    word(static_cast<std::uint32_t>(n));
    return true;
  }

  /// A contiguous run: in line, or its address where that is allowed and worth it.
  bool run(const void* from, std::size_t count, std::size_t element_size) {
    const std::size_t size = count * element_size;
    if (where_ == placement::in_line || size < reference_threshold) {
      if (!length(count)) return false;
      raw(from, size);
      return true;
    }
    if (count > longest) return length(count);
    word(static_cast<std::uint32_t>(count) | by_reference_bit);
    word(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(from)));
    referred_ += size;
    return true;
  }

  template <class T, class S>
  bool put_scalar(S from) {
    if constexpr (std::same_as<T, S>) {
      if constexpr (std::same_as<T, char32_t>) {
        if (!is_unicode_scalar(from)) return fail("not a Unicode scalar value");
      }
      word(from);
      return true;
    } else if constexpr (integer<T> && integer<S>) {
      if (!std::in_range<T>(from)) return misfit<T>(from);
      word(static_cast<T>(from));
      return true;
    } else if constexpr (std::floating_point<T> && integer<S>) {
      if (!exact<T>(from)) return misfit<T>(from);
      word(static_cast<T>(from));
      return true;
    } else if constexpr (std::same_as<T, double> && std::same_as<S, float>) {
      word(static_cast<double>(from));
      return true;
    } else if constexpr (std::same_as<T, float> && std::same_as<S, double>) {
      // Out of range the cast itself would be undefined.
      const bool fits = !std::isfinite(from) || std::abs(from) <= std::numeric_limits<float>::max();
      if (!fits || (!std::isnan(from) && static_cast<double>(static_cast<float>(from)) != from))
        return misfit<T>(from);
      word(static_cast<float>(from));
      return true;
    } else {
      return fail("expected " + std::string(to_string(kind_of<T>)) + ", got " +
                  std::string(to_string(kind_of<S>)));
    }
  }
  template <class T, class S>
  bool misfit(S number) {
    return fail(spelled(number) + " does not fit " + std::string(to_string(kind_of<T>)));
  }

  bool put_string(const value& v) {
    const auto* const text = v.get_if<std::string>();
    if (text == nullptr) return expected(kind::string, v);
    const std::size_t good = valid_utf8_prefix(*text);
    if (good != text->size()) return fail("the string is not UTF-8 at byte " + std::to_string(good));
    return run(text->data(), text->size(), 1);
  }

  bool put_list(const type& t, const value& v) {
    const type& element = t.element();
    if (const auto* const values = v.get_if<list>()) {
      if (!length(values->size())) return false;
      for (std::size_t i = 0; i < values->size(); ++i) {
        if (!within(put(element, (*values)[i]), index_step(i))) return false;
      }
      return true;
    }
    return v.visit([&]<class V>(const V& held) {
      if constexpr (is_scalar_vector<V>) {
        if (held.empty()) return length(0);
        if (!is_scalar(element.kind())) return expected(t, v);
        return with_scalar(element.kind(),
                           [this, &held]<class T>(T*) { return this->template put_scalars<T>(held); });
      } else {
        return expected(t, v);
      }
    });
  }

  template <class T, class S>
  bool put_scalars(const std::vector<S>& held) {
    if constexpr (std::same_as<T, S> && !std::same_as<T, bool>) {
      if constexpr (std::same_as<T, char32_t>) {
        for (std::size_t i = 0; i < held.size(); ++i) {
          if (!is_unicode_scalar(held[i])) return within(fail("not a Unicode scalar value"), index_step(i));
        }
      }
      return run(held.data(), held.size(), sizeof(T));
    } else {
      if (!length(held.size())) return false;
      for (std::size_t i = 0; i < held.size(); ++i) {
        if (!within(put_scalar<T, S>(held[i]), index_step(i))) return false;
      }
      return true;
    }
  }

  bool put_record(const type& t, const value& v) {
    const auto* const record = v.get_if<record_value>();
    if (record == nullptr) return expected(t, v);
    const auto& given = record->fields();
    std::size_t used = 0;
    for (std::size_t i = 0; i < t.fields().size(); ++i) {
      const field& wanted = t.fields()[i];
      // Fields mostly stand in the order of the type.
      const value* held =
          i < given.size() && given[i].name() == wanted.name ? &given[i].held() : record->find(wanted.name);
      if (held == nullptr && wanted.type.kind() == kind::option) {
        word(std::uint32_t{0});
        continue;
      }
      if (held == nullptr) return fail("the field `" + wanted.name + "` is missing");
      ++used;
      if (!within(put(wanted.type, *held), name_step(wanted.name))) return false;
    }
    return used == given.size() || fail_on_extra_field(t, given);
  }
  bool fail_on_extra_field(const type& t, const std::vector<field_value>& given) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      bool known = false;
      for (const field& wanted : t.fields()) known = known || wanted.name == given[i].name();
      if (!known) return fail("there is no field `" + given[i].name() + "` in " + short_spelling(t));
      for (std::size_t j = 0; j < i; ++j) {
        if (given[j].name() == given[i].name())
          return fail("the field `" + given[i].name() + "` is given twice");
      }
    }
    return true;
  }

  bool put_tuple(const type& t, const value& v) {
    const auto* const tuple = v.get_if<tuple_value>();
    if (tuple == nullptr) return expected(t, v);
    if (tuple->elements().size() != t.elements().size()) {
      return fail("expected " + std::to_string(t.elements().size()) + " elements, got " +
                  std::to_string(tuple->elements().size()));
    }
    for (std::size_t i = 0; i < t.elements().size(); ++i) {
      if (!within(put(t.elements()[i], tuple->elements()[i]), name_step(std::to_string(i)))) return false;
    }
    return true;
  }

  bool put_payload(const std::optional<type>& wanted, const value* payload, std::string_view name) {
    if (!wanted && payload == nullptr) return true;
    if (!wanted) return fail("`" + std::string(name) + "` has no payload, but one is given");
    if (payload == nullptr)
      return fail("`" + std::string(name) + "` needs a payload of type " + short_spelling(*wanted));
    return within(put(*wanted, *payload), name_step(name));
  }

  bool put_variant(const type& t, const value& v) {
    const auto* const variant = v.get_if<variant_value>();
    const std::string* const name = variant != nullptr ? &variant->name() : bare_name(v);
    if (name == nullptr) return expected(t, v);
    for (std::size_t i = 0; i < t.cases().size(); ++i) {
      const variant_case& candidate = t.cases()[i];
      if (candidate.name != *name) continue;
      word(static_cast<std::uint32_t>(i));
      const value* const payload = variant != nullptr && variant->payload() ? &*variant->payload() : nullptr;
      return put_payload(candidate.payload, payload, candidate.name);
    }
    return fail("there is no case `" + *name + "` in " + short_spelling(t));
  }

  static const std::string* bare_name(const value& v) {
    if (const auto* const text = v.get_if<std::string>()) return text;
    const auto* const named = v.get_if<enum_value>();
    return named != nullptr ? &named->name() : nullptr;
  }

  bool put_enum(const type& t, const value& v) {
    const auto* const variant = v.get_if<variant_value>();
    const std::string* const name =
        variant != nullptr && !variant->payload() ? &variant->name() : bare_name(v);
    if (name == nullptr) return expected(t, v);
    for (std::size_t i = 0; i < t.names().size(); ++i) {
      if (t.names()[i] != *name) continue;
      word(static_cast<std::uint32_t>(i));
      return true;
    }
    return fail("there is no case `" + *name + "` in " + short_spelling(t));
  }

  bool put_option(const type& t, const value& v) {
    const auto* const option = v.get_if<option_value>();
    if (option != nullptr && !option->some()) {
      word(std::uint32_t{0});
      return true;
    }
    word(std::uint32_t{1});
    return put(t.element(), option != nullptr ? *option->some() : v);
  }

  bool put_result(const type& t, const value& v) {
    const auto* const held = v.get_if<result_value>();
    if (held == nullptr) return expected(t, v);
    word(static_cast<std::uint32_t>(held->is_ok() ? 0 : 1));
    const value* const payload = held->payload() ? &*held->payload() : nullptr;
    return put_payload(held->is_ok() ? t.ok() : t.err(), payload, held->is_ok() ? "ok" : "err");
  }

  bool put_flags(const type& t, const value& v) {
    const auto* const flags = v.get_if<flags_value>();
    if (flags == nullptr) return expected(t, v);
    std::vector<std::uint32_t> words((t.names().size() + 31) / 32);
    for (const std::string& name : flags->names()) {
      std::size_t i = 0;
      while (i < t.names().size() && t.names()[i] != name) ++i;
      if (i == t.names().size()) return fail("there is no flag `" + name + "` in " + short_spelling(t));
      words[i / 32] |= 1u << i % 32;
    }
    raw(words.data(), words.size() * sizeof(std::uint32_t));
    return true;
  }

  bool put_handle(const type& t, const value& v) {
    const auto* const held = v.get_if<handle>();
    if (held == nullptr) return expected(t, v);
    if (t.kind() == kind::own && held->owned() != handle::ownership::own) {
      return fail("expected an owned handle, got a borrowed one");
    }
    handles_.note(held->from());
    word(held->number());
    return true;
  }

  bool put_readable(const type& t, const value& v) {
    const auto* const held = v.get_if<readable>();
    if (held == nullptr) return expected(t, v);
    std::string why;
    auto argument = reading_end::pass(held->end(), t, why);
    if (argument == nullptr) return fail(std::move(why));
    word(argument->number());
    ends_.emplace_back(std::move(argument));
    return true;
  }

  placement where_;
  std::vector<std::byte> out_;
  std::size_t referred_ = 0;
  std::size_t values_ = 0;
  std::vector<readable> ends_;
  homes handles_;
  std::string path_;
  std::string why_;
};

bool packer::any(const type& of, const value& what) {
  encoder into(placement::in_line);
  if (into.put(of, what)) {
    const std::vector<std::byte> made = into.take();
    out_.insert(out_.end(), made.begin(), made.end());
    handles_.note(into.handles());
    for (readable& each : into.ends()) kept_.emplace_back(std::move(each));
    return true;
  }
  fail(into.why());
  return within(false, [&] { return into.path(); });
}

result<packed_args> encode(const function& of, arguments&& values, placement where) {
  if (values.size() != of.params.size()) {
    return error(errc::bad_arguments, wrong_count(of, values.size()));
  }
  encoder into(where);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (into.put(of.params[i].type, values[i])) continue;
    return into.failure("argument " + std::to_string(i + 1) + " (" + of.params[i].name + ")");
  }
  return into.finish(std::move(values));
}

result<std::vector<std::byte>> encode_value(const type& of, const value& v, std::string_view path) {
  encoder into(placement::in_line);
  if (!into.put(of, v)) return into.failure(path);
  return into.take();
}

result<std::vector<std::byte>> encode_result(const function& of, const value* v) {
  if (of.result && v != nullptr) return encode_value(*of.result, *v, "result of `" + of.name + "`");
  if (of.result)
    return error(errc::bad_arguments, "`" + of.name + "` must return " + short_spelling(*of.result));
  if (v != nullptr)
    return error(errc::bad_arguments, "`" + of.name + "` returns nothing, got " + describe(*v));
  return std::vector<std::byte>();
}

}  // namespace holdfast::wit
