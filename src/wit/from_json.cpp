// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "wit/base64.hpp"
#include "wit/describe.hpp"
#include "wit/json.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::string_view describe(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a bool";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "text";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

/// Walks a type and JSON side by side. On failure it unwinds, and each level puts its step before the path.
class json_reader {
 public:
  bool get(const type& t, const json::value& from, value& into) {
    switch (t.kind()) {
      case kind::boolean:
        if (!from.is_bool()) return expected(t, from);
        into = value(from.get_bool());
        return true;
      case kind::s8:
        return get_integer<std::int8_t>(t, from, into);
      case kind::u8:
        return get_integer<std::uint8_t>(t, from, into);
      case kind::s16:
        return get_integer<std::int16_t>(t, from, into);
      case kind::u16:
        return get_integer<std::uint16_t>(t, from, into);
      case kind::s32:
        return get_integer<std::int32_t>(t, from, into);
      case kind::u32:
        return get_integer<std::uint32_t>(t, from, into);
      case kind::s64:
        return get_integer<std::int64_t>(t, from, into);
      case kind::u64:
        return get_integer<std::uint64_t>(t, from, into);
      case kind::f32:
        return get_float<float>(t, from, into);
      case kind::f64:
        return get_float<double>(t, from, into);
      case kind::character:
        return get_char(t, from, into);
      case kind::string:
        if (!from.is_string()) return expected(t, from);
        into = value(view(from.get_string()));
        return true;
      case kind::list:
        return get_list(t, from, into);
      case kind::record:
        return get_record(t, from, into);
      case kind::tuple:
        return get_tuple(t, from, into);
      case kind::variant:
        return get_variant(t, from, into);
      case kind::enumeration:
        return get_enum(t, from, into);
      case kind::option:
        return get_option(t, from, into);
      case kind::result:
        return get_result(t, from, into);
      case kind::flags:
        return get_flags(t, from, into);
      case kind::own:
      case kind::borrow:
        return fail("a resource handle cannot be written as JSON");
      case kind::stream:
      case kind::future:
        return fail("a stream or a future cannot be written as JSON");
      case kind::unsupported:
        break;
    }
    return fail("values of type " + t.to_string() + " cannot be passed");
  }

  error failure(std::string_view where) const {
    return {errc::bad_arguments, std::string(where) + path_ + ": " + why_};
  }

 private:
  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool expected(std::string_view what, const json::value& got) {
    return fail("expected " + std::string(what) + ", got " + std::string(describe(got)));
  }
  bool expected(const type& what, const json::value& got) { return expected(short_spelling(what), got); }
  bool within_index(bool done, std::size_t i) {
    if (!done) path_.insert(0, "[" + std::to_string(i) + "]");
    return done;
  }
  bool within_name(bool done, std::string_view name) {
    if (!done) path_.insert(0, "." + std::string(name));
    return done;
  }

  template <class T>
  bool get_integer(const type& t, const json::value& from, value& into) {
    T number = 0;
    if (!get_integer_of(t, from, number)) return false;
    into = value(number);
    return true;
  }

  template <class T>
  bool get_integer_of(const type& t, const json::value& from, T& into) {
    if (const std::int64_t* const n = from.if_int64()) return fit(t, *n, into);
    if (const std::uint64_t* const n = from.if_uint64()) return fit(t, *n, into);
    if (const double* const n = from.if_double()) {
      // 1e3 and 2.0 are integers too, as long as a double tells each from the next.
      constexpr double limit = 9007199254740992.0;
      if (std::trunc(*n) != *n || std::abs(*n) > limit)
        return fail(shown(*n) + " does not fit " + t.to_string());
      return fit(t, static_cast<std::int64_t>(*n), into);
    }
    if (from.is_string() && sizeof(T) == 8) {
      const std::string_view digits = view(from.get_string());
      const char* const end = digits.data() + digits.size();
      const auto [stopped, what] = std::from_chars(digits.data(), end, into);
      if (what == std::errc() && stopped == end && !digits.empty()) return true;
      return fail("the text is no " + t.to_string());
    }
    return expected(t, from);
  }

  template <class T, class N>
  bool fit(const type& t, N number, T& into) {
    if (!std::in_range<T>(number)) return fail(std::to_string(number) + " does not fit " + t.to_string());
    into = static_cast<T>(number);
    return true;
  }

  static std::string shown(double number) {
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return {digits.data(), written.ptr};
  }

  template <class T>
  bool get_float(const type& t, const json::value& from, value& into) {
    if (from.is_number()) {
      const auto number = from.to_number<double>();
      if constexpr (std::same_as<T, float>) {
        // Rounded to the nearest float; what would round to infinity is refused. The cast itself must stay
        // defined.
        constexpr double past = 0x1.ffffffp127;
        if (std::abs(number) >= past) return fail(shown(number) + " does not fit f32");
      }
      into = value(static_cast<T>(number));
      return true;
    }
    if (from.is_string()) {
      const std::string_view word = view(from.get_string());
      if (word == "nan") into = value(std::numeric_limits<T>::quiet_NaN());
      if (word == "inf") into = value(std::numeric_limits<T>::infinity());
      if (word == "-inf") into = value(-std::numeric_limits<T>::infinity());
      if (word == "nan" || word == "inf" || word == "-inf") return true;
    }
    return expected(t, from);
  }

  bool get_char(const type& t, const json::value& from, value& into) {
    if (!from.is_string()) return expected(t, from);
    const std::string_view text = view(from.get_string());
    char32_t c = 0;
    if (!decode_one_utf8(text, c)) return fail("expected text of one character");
    into = value(c);
    return true;
  }

  bool get_list(const type& t, const json::value& from, value& into) {
    const kind element = t.element().kind();
    if (element == kind::u8 && from.is_string()) {
      auto decoded = from_base64(view(from.get_string()));
      if (!decoded) return fail("the text is not base64");
      into = value(std::move(*decoded));
      return true;
    }
    if (!from.is_array()) return expected(t, from);
    switch (element) {
      case kind::u8:
        return get_integers<std::uint8_t>(t.element(), from.get_array(), into);
      case kind::s32:
        return get_integers<std::int32_t>(t.element(), from.get_array(), into);
      case kind::u32:
        return get_integers<std::uint32_t>(t.element(), from.get_array(), into);
      case kind::s64:
        return get_integers<std::int64_t>(t.element(), from.get_array(), into);
      case kind::u64:
        return get_integers<std::uint64_t>(t.element(), from.get_array(), into);
      default:
        break;
    }
    list elements;
    elements.reserve(from.get_array().size());
    for (const json::value& each : from.get_array()) {
      const std::size_t i = elements.size();
      if (!within_index(get(t.element(), each, elements.emplace_back()), i)) return false;
    }
    into = value(std::move(elements));
    return true;
  }

  template <class T>
  bool get_integers(const type& element, const json::array& from, value& into) {
    std::vector<T> numbers(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!within_index(get_integer_of(element, from[i], numbers[i]), i)) return false;
    }
    into = value(std::move(numbers));
    return true;
  }

  bool get_record(const type& t, const json::value& from, value& into) {
    if (!from.is_object()) return expected(t, from);
    const json::object& members = from.get_object();
    std::vector<field_value> fields;
    fields.reserve(t.fields().size());
    std::size_t used = 0;
    for (const field& wanted : t.fields()) {
      const json::value* const held = members.if_contains(wanted.name);
      value v = value::none();
      if (held == nullptr && wanted.type.kind() != kind::option) {
        return fail("the field `" + wanted.name + "` is missing");
      }
      if (held != nullptr && ++used > 0 && !within_name(get(wanted.type, *held, v), wanted.name))
        return false;
      fields.emplace_back(wanted.name, std::move(v));
    }
    if (used != members.size()) return fail_on_unknown(t, members);
    into = value(record_value(std::move(fields)));
    return true;
  }

  bool fail_on_unknown(const type& t, const json::object& members) {
    for (const auto& member : members) {
      bool known = false;
      for (const field& wanted : t.fields()) known = known || wanted.name == view(member.key());
      if (!known)
        return fail("there is no field `" + std::string(view(member.key())) + "` in " + short_spelling(t));
    }
    return fail("a field is given twice");
  }

  bool get_tuple(const type& t, const json::value& from, value& into) {
    if (!from.is_array()) return expected(t, from);
    const json::array& given = from.get_array();
    if (given.size() != t.elements().size()) {
      return fail("expected " + std::to_string(t.elements().size()) + " elements, got " +
                  std::to_string(given.size()));
    }
    list elements;
    elements.reserve(given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!within_index(get(t.elements()[i], given[i], elements.emplace_back()), i)) return false;
    }
    into = value(tuple_value(std::move(elements)));
    return true;
  }

  /// The only member of an object, as cases are written.
  bool only_member(const type& t, const json::value& from, std::string_view& name, const json::value*& held) {
    if (!from.is_object()) return expected(t, from);
    const json::object& members = from.get_object();
    if (members.size() != 1) {
      return fail("expected an object with one member, got " + std::to_string(members.size()));
    }
    name = view(members.begin()->key());
    held = &members.begin()->value();
    return true;
  }

  bool get_payload(const std::optional<type>& of, const json::value& from, std::string_view name, box& into) {
    if (!of) return from.is_null() || fail("`" + std::string(name) + "` has no payload, write null");
    value payload;
    if (!within_name(get(*of, from, payload), name)) return false;
    into = box(std::move(payload));
    return true;
  }

  bool get_variant(const type& t, const json::value& from, value& into) {
    std::string_view name;
    const json::value nothing;
    const json::value* held = &nothing;
    if (from.is_string()) {
      name = view(from.get_string());
    } else if (!only_member(t, from, name, held)) {
      return false;
    }
    for (const variant_case& candidate : t.cases()) {
      if (candidate.name != name) continue;
      if (from.is_string() && candidate.payload) {
        return fail("`" + candidate.name + "` needs a payload of type " + short_spelling(*candidate.payload));
      }
      box payload;
      if (!get_payload(candidate.payload, *held, name, payload)) return false;
      into = value(variant_value(candidate.name, std::move(payload)));
      return true;
    }
    return fail("there is no case `" + std::string(name) + "` in " + short_spelling(t));
  }

  bool get_enum(const type& t, const json::value& from, value& into) {
    if (!from.is_string()) return expected(t, from);
    const std::string_view name = view(from.get_string());
    for (const std::string& candidate : t.names()) {
      if (candidate != name) continue;
      into = value(enum_value(candidate));
      return true;
    }
    return fail("there is no case `" + std::string(name) + "` in " + short_spelling(t));
  }

  bool get_option(const type& t, const json::value& from, value& into) {
    if (from.is_null()) {
      into = value::none();
      return true;
    }
    const json::value* held = &from;
    if (t.element().kind() == kind::option) {
      std::string_view name;
      if (!only_member(t, from, name, held)) return false;
      if (name != "some") return fail("an option of an option is null or {\"some\": value}");
    }
    value some;
    if (!get(t.element(), *held, some)) return false;
    into = value::some(std::move(some));
    return true;
  }

  bool get_result(const type& t, const json::value& from, value& into) {
    std::string_view name;
    const json::value* held = nullptr;
    if (!only_member(t, from, name, held)) return false;
    if (name != "ok" && name != "err") return fail("expected `ok` or `err`, got `" + std::string(name) + "`");
    box payload;
    if (!get_payload(name == "ok" ? t.ok() : t.err(), *held, name, payload)) return false;
    into = value(
        result_value(name == "ok" ? result_value::side::ok : result_value::side::err, std::move(payload)));
    return true;
  }

  bool get_flags(const type& t, const json::value& from, value& into) {
    if (!from.is_array()) return expected(t, from);
    const json::array& given = from.get_array();
    std::vector<bool> set(t.names().size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!within_index(set_flag(t, given[i], set), i)) return false;
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (set[i]) names.push_back(t.names()[i]);
    }
    into = value(flags_value(std::move(names)));
    return true;
  }

  bool set_flag(const type& t, const json::value& from, std::vector<bool>& set) {
    if (!from.is_string()) return expected("the name of a flag", from);
    const std::string_view name = view(from.get_string());
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (t.names()[i] != name) continue;
      set[i] = true;
      return true;
    }
    return fail("there is no flag `" + std::string(name) + "` in " + short_spelling(t));
  }

  std::string path_;
  std::string why_;
};

result<arguments> by_name(const function& of, const json::object& given) {
  for (const auto& member : given) {
    bool known = false;
    for (const field& each : of.params) known = known || each.name == view(member.key());
    if (!known) {
      return error(errc::bad_arguments,
                   "`" + of.name + "` has no parameter `" + std::string(view(member.key())) + "`");
    }
  }
  arguments values;
  values.reserve(of.params.size());
  for (std::size_t i = 0; i < of.params.size(); ++i) {
    const field& each = of.params[i];
    const std::string where = "argument " + std::to_string(i + 1) + " (" + each.name + ")";
    const json::value* const held = given.if_contains(each.name);
    if (held == nullptr && each.type.kind() != kind::option)
      return error(errc::bad_arguments, where + " is missing");
    json_reader reader;
    value& into = values.emplace_back(value::none());
    if (held != nullptr && !reader.get(each.type, *held, into)) return reader.failure(where);
  }
  return values;
}

}  // namespace

result<value> from_json(const type& of, const json::value& from, std::string_view path) {
  json_reader reader;
  value v;
  if (!reader.get(of, from, v)) return reader.failure(path);
  return v;
}

result<arguments> arguments_from_json(const function& of, const json::value& from) {
  if (from.is_object()) return by_name(of, from.get_object());
  if (!from.is_array()) {
    return error(errc::bad_arguments, "expected an array of arguments or an object by parameter name, got " +
                                          std::string(describe(from)));
  }
  const json::array& given = from.get_array();
  std::size_t needed = of.params.size();
  while (needed > 0 && of.params[needed - 1].type.kind() == kind::option) --needed;
  if (given.size() > of.params.size() || given.size() < needed) {
    return error(errc::bad_arguments, wrong_count(of, given.size()));
  }
  arguments values;
  values.reserve(of.params.size());
  for (std::size_t i = 0; i < of.params.size(); ++i) {
    json_reader reader;
    value& into = values.emplace_back(value::none());
    if (i < given.size() && !reader.get(of.params[i].type, given[i], into)) {
      return reader.failure("argument " + std::to_string(i + 1) + " (" + of.params[i].name + ")");
    }
  }
  return values;
}

}  // namespace holdfast::wit
