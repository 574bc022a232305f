// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "wit/packed.hpp"
#include "wit/reader.hpp"

namespace holdfast::wit {

namespace {

class type_writer {
 public:
  void put(const type& t) {
    byte(static_cast<std::uint8_t>(t.kind()));
    switch (t.kind()) {
      case kind::list:
      case kind::option:
        put(t.element());
        return;
      case kind::record:
        put_fields(t.fields());
        return;
      case kind::tuple:
        word(t.elements().size());
        for (const type& each : t.elements()) put(each);
        return;
      case kind::variant:
        word(t.cases().size());
        for (const variant_case& each : t.cases()) {
          text(each.name);
          put_maybe(each.payload);
        }
        return;
      case kind::enumeration:
      case kind::flags:
        word(t.names().size());
        for (const std::string& each : t.names()) text(each);
        return;
      case kind::result:
        put_maybe(t.ok());
        put_maybe(t.err());
        return;
      case kind::own:
      case kind::borrow:
        text(t.name());
        word(t.resource());
        return;
      case kind::stream:
      case kind::future:
        put_maybe(t.payload());
        return;
      case kind::unsupported:
        text(t.name());
        return;
      default:
        return;
    }
  }

  void put_fields(std::span<const field> fields) {
    word(fields.size());
    for (const field& each : fields) {
      text(each.name);
      put(each.type);
    }
  }

  std::vector<std::byte> take() { return std::move(out_); }

 private:
  void byte(std::uint8_t b) { out_.push_back(static_cast<std::byte>(b)); }
  void word(std::size_t n) {
    for (unsigned shift = 0; shift < 32; shift += 8) byte(static_cast<std::uint8_t>(n >> shift & 0xFF));
  }
  void text(std::string_view t) {
    word(t.size());
    const auto* const bytes = reinterpret_cast<const std::byte*>(t.data());
    out_.insert(out_.end(), bytes, bytes + t.size());
  }
  void put_maybe(const std::optional<type>& t) {
    byte(t ? 1 : 0);
    if (t) put(*t);
  }

  std::vector<std::byte> out_;
};

/// Reads types and descriptions. Its recursion ends at `type::max_depth`.
class type_reader {
 public:
  explicit type_reader(std::span<const std::byte> packed) : in_(packed) {}

  bool get(std::optional<type>& into, unsigned depth = 1) {
    std::uint8_t tag = 0;
    if (!in_.word(tag)) return false;
    if (tag > static_cast<std::uint8_t>(kind::unsupported)) return in_.fail("there is no such type");
    if (depth > type::max_depth) return in_.fail("a type nests too deep");
    const auto k = static_cast<kind>(tag);
    if (k <= kind::string) {
      into.emplace(k);
      return true;
    }
    // The factories refuse what WIT does not allow; of bytes that is an error like any other.
    try {
      return get_parts(k, into, depth);
    } catch (const std::invalid_argument& refused) {
      return in_.fail(refused.what());
    }
  }

  bool get_world(world& into) {
    return get_items(into.imports, 1) && get_items(into.exports, 1) && in_.finish();
  }

  bool finish() { return in_.finish(); }
  error failure() const { return {errc::malformed_component, "malformed description: " + in_.failure()}; }

 private:
  // Its count and its tag are the least a named thing takes.
  static constexpr std::size_t least_named = 5;

  bool get_parts(kind k, std::optional<type>& into, unsigned depth) {
    std::optional<type> first;
    std::optional<type> second;
    std::string text;
    std::uint32_t index = 0;
    switch (k) {
      case kind::list:
        if (!get(first, depth + 1)) return false;
        into = type::list(*std::move(first));
        return true;
      case kind::option:
        if (!get(first, depth + 1)) return false;
        into = type::option(*std::move(first));
        return true;
      case kind::result:
        if (!get_maybe(first, depth + 1) || !get_maybe(second, depth + 1)) return false;
        into = type::result(std::move(first), std::move(second));
        return true;
      case kind::record:
        return get_record(into, depth);
      case kind::tuple:
        return get_tuple(into, depth);
      case kind::variant:
        return get_variant(into, depth);
      case kind::enumeration:
      case kind::flags:
        return get_names(k, into);
      case kind::own:
        if (!in_.text(text) || !in_.word(index)) return false;
        into = type::own(std::move(text), index);
        return true;
      case kind::borrow:
        if (!in_.text(text) || !in_.word(index)) return false;
        into = type::borrow(std::move(text), index);
        return true;
      case kind::stream:
      case kind::future:
        if (!get_maybe(first, depth + 1)) return false;
        into = k == kind::stream ? type::stream(std::move(first)) : type::future(std::move(first));
        return true;
      default:
        if (!in_.text(text)) return false;
        into = type::unsupported(std::move(text));
        return true;
    }
  }

  bool get_maybe(std::optional<type>& into, unsigned depth) {
    bool there = false;
    return in_.boolean(there) && (!there || get(into, depth));
  }

  bool get_fields(std::vector<field>& into, unsigned depth) {
    std::size_t count = 0;
    if (!in_.count(count, least_named)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::string name;
      std::optional<type> of;
      if (!in_.text(name) || !get(of, depth)) return false;
      into.push_back(field{std::move(name), *std::move(of)});
    }
    return true;
  }

  bool get_record(std::optional<type>& into, unsigned depth) {
    std::vector<field> fields;
    if (!get_fields(fields, depth + 1)) return false;
    into = type::record(std::move(fields));
    return true;
  }

  bool get_tuple(std::optional<type>& into, unsigned depth) {
    std::size_t count = 0;
    std::vector<type> elements;
    if (!in_.count(count, 1)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::optional<type> element;
      if (!get(element, depth + 1)) return false;
      elements.push_back(*std::move(element));
    }
    into = type::tuple(std::move(elements));
    return true;
  }

  bool get_variant(std::optional<type>& into, unsigned depth) {
    std::size_t count = 0;
    std::vector<variant_case> cases;
    if (!in_.count(count, least_named)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::string name;
      std::optional<type> payload;
      if (!in_.text(name) || !get_maybe(payload, depth + 1)) return false;
      cases.push_back(variant_case{std::move(name), std::move(payload)});
    }
    into = type::variant(std::move(cases));
    return true;
  }

  bool get_names(kind k, std::optional<type>& into) {
    std::size_t count = 0;
    std::vector<std::string> names;
    if (!in_.count(count, 4)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!in_.text(names.emplace_back())) return false;
    }
    into = k == kind::flags ? type::flags(std::move(names)) : type::enumeration(std::move(names));
    return true;
  }

  bool get_items(interface& into, unsigned depth) {
    if (depth > type::max_depth) return in_.fail("an interface nests too deep");
    std::size_t count = 0;
    if (!in_.count(count, least_named)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t tag = 0;
      std::string name;
      if (!in_.word(tag)) return false;
      if (tag > static_cast<std::uint8_t>(item_kind::value)) return in_.fail("there is no such kind of item");
      if (!in_.text(name) || !get_item(static_cast<item_kind>(tag), std::move(name), into, depth))
        return false;
    }
    return true;
  }

  bool get_item(item_kind k, std::string name, interface& into, unsigned depth) {
    if (k == item_kind::function) {
      function& f = into.functions.emplace_back();
      f.name = std::move(name);
      f.interface = into.name;
      return in_.word(f.index) && in_.boolean(f.is_async) && get_fields(f.params, 1) &&
             get_maybe(f.result, 1);
    }
    if (k == item_kind::interface) {
      interface& inner = into.interfaces.emplace_back();
      inner.name = into.name.empty() ? std::move(name) : into.name + "#" + name;
      return get_items(inner, depth + 1);
    }
    into.others.push_back(named_item{k, std::move(name)});
    return true;
  }

  packed_reader in_;
};

}  // namespace

result<type> decode_type(std::span<const std::byte> packed) {
  type_reader from(packed);
  std::optional<type> t;
  if (!from.get(t) || !from.finish()) return from.failure();
  return *std::move(t);
}

result<world> decode_world(std::span<const std::byte> packed) {
  type_reader from(packed);
  world w;
  if (!from.get_world(w)) return from.failure();
  return w;
}

std::vector<std::byte> encode_type(const type& t) {
  type_writer into;
  into.put(t);
  return into.take();
}

std::vector<std::byte> encode_params(const function& of) {
  type_writer into;
  into.put_fields(of.params);
  return into.take();
}

}  // namespace holdfast::wit
