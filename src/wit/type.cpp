// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cassert>
#include <holdfast/type.hpp>
#include <set>
#include <stdexcept>

namespace holdfast::wit {

namespace {

constexpr std::array<std::string_view, 26> keywords = {
    "bool",   "s8",     "u8",    "s16",    "u16",    "s32",    "u32",    "s64",        "u64",
    "f32",    "f64",    "char",  "string", "list",   "record", "tuple",  "variant",    "enum",
    "option", "result", "flags", "own",    "borrow", "stream", "future", "unsupported"};

template <class Things, class NameOf>
void require_distinct_names(const Things& things, NameOf name_of, const char* what) {
  if (things.empty()) throw std::invalid_argument(std::string(what) + " has no members");
  std::set<std::string_view> seen;
  for (const auto& thing : things) {
    if (!seen.insert(name_of(thing)).second) {
      throw std::invalid_argument(std::string(what) + " names `" + std::string(name_of(thing)) + "` twice");
    }
  }
}

}  // namespace

std::string_view to_string(kind k) noexcept {
  const auto index = static_cast<std::size_t>(k);
  return index < keywords.size() ? keywords[index] : "unknown";
}

// Each kind uses a few of these members; the rest stay empty.
struct type::node {
  unsigned depth = 1;
  std::optional<type> first;   // element of list and option, ok of result, what a stream or future carries
  std::optional<type> second;  // err of result
  std::vector<field> fields;
  std::vector<type> elements;
  std::vector<variant_case> cases;
  std::vector<std::string> names;
  std::string text;
  std::uint32_t resource = 0;
};

type::type(wit::kind simple) : kind_(simple) {
  if (simple > wit::kind::string)
    throw std::invalid_argument("a " + std::string(wit::to_string(simple)) + " needs parts");
}

type::type(wit::kind k, std::shared_ptr<const node> parts) noexcept : kind_(k), node_(std::move(parts)) {}

type type::make(wit::kind k, node parts) {
  unsigned deepest = 0;
  const auto look_at = [&deepest](const type& child) { deepest = std::max(deepest, child.depth()); };
  if (parts.first) look_at(*parts.first);
  if (parts.second) look_at(*parts.second);
  for (const field& each : parts.fields) look_at(each.type);
  for (const type& each : parts.elements) look_at(each);
  for (const variant_case& each : parts.cases) {
    if (each.payload) look_at(*each.payload);
  }
  parts.depth = deepest + 1;
  if (parts.depth > max_depth) throw std::invalid_argument("a type nests too deep");
  return type(k, std::make_shared<const node>(std::move(parts)));
}

type type::list(type element) {
  node parts;
  parts.first = std::move(element);
  return make(wit::kind::list, std::move(parts));
}

type type::record(std::vector<field> fields) {
  require_distinct_names(fields, [](const field& f) -> std::string_view { return f.name; }, "a record");
  node parts;
  parts.fields = std::move(fields);
  return make(wit::kind::record, std::move(parts));
}

type type::tuple(std::vector<type> elements) {
  if (elements.empty()) throw std::invalid_argument("a tuple has no members");
  node parts;
  parts.elements = std::move(elements);
  return make(wit::kind::tuple, std::move(parts));
}

type type::variant(std::vector<variant_case> cases) {
  require_distinct_names(
      cases, [](const variant_case& c) -> std::string_view { return c.name; }, "a variant");
  node parts;
  parts.cases = std::move(cases);
  return make(wit::kind::variant, std::move(parts));
}

type type::enumeration(std::vector<std::string> names) {
  require_distinct_names(names, [](const std::string& n) -> std::string_view { return n; }, "an enum");
  node parts;
  parts.names = std::move(names);
  return make(wit::kind::enumeration, std::move(parts));
}

type type::option(type some) {
  node parts;
  parts.first = std::move(some);
  return make(wit::kind::option, std::move(parts));
}

type type::result(std::optional<type> ok, std::optional<type> err) {
  node parts;
  parts.first = std::move(ok);
  parts.second = std::move(err);
  return make(wit::kind::result, std::move(parts));
}

type type::flags(std::vector<std::string> names) {
  require_distinct_names(names, [](const std::string& n) -> std::string_view { return n; }, "a flags type");
  node parts;
  parts.names = std::move(names);
  return make(wit::kind::flags, std::move(parts));
}

type type::own(std::string resource, std::uint32_t index) {
  node parts;
  parts.text = std::move(resource);
  parts.resource = index;
  return make(wit::kind::own, std::move(parts));
}

type type::borrow(std::string resource, std::uint32_t index) {
  node parts;
  parts.text = std::move(resource);
  parts.resource = index;
  return make(wit::kind::borrow, std::move(parts));
}

type type::stream(std::optional<type> element) {
  node parts;
  parts.first = std::move(element);
  return make(wit::kind::stream, std::move(parts));
}

type type::future(std::optional<type> element) {
  node parts;
  parts.first = std::move(element);
  return make(wit::kind::future, std::move(parts));
}

type type::unsupported(std::string spelling) {
  node parts;
  parts.text = std::move(spelling);
  return make(wit::kind::unsupported, std::move(parts));
}

const type& type::element() const noexcept {
  assert((kind_ == wit::kind::list || kind_ == wit::kind::option) &&
         "only lists and options have an element");
  return *node_->first;
}

std::span<const field> type::fields() const noexcept {
  return node_ ? std::span<const field>(node_->fields) : std::span<const field>();
}

std::span<const type> type::elements() const noexcept {
  return node_ ? std::span<const type>(node_->elements) : std::span<const type>();
}

std::span<const variant_case> type::cases() const noexcept {
  return node_ ? std::span<const variant_case>(node_->cases) : std::span<const variant_case>();
}

std::span<const std::string> type::names() const noexcept {
  return node_ ? std::span<const std::string>(node_->names) : std::span<const std::string>();
}

const std::optional<type>& type::ok() const noexcept {
  static const std::optional<type> none;
  return kind_ == wit::kind::result ? node_->first : none;
}

const std::optional<type>& type::payload() const noexcept {
  static const std::optional<type> none;
  return kind_ == wit::kind::stream || kind_ == wit::kind::future ? node_->first : none;
}

const std::optional<type>& type::err() const noexcept {
  static const std::optional<type> none;
  return kind_ == wit::kind::result ? node_->second : none;
}

std::string_view type::name() const noexcept {
  return node_ ? std::string_view(node_->text) : std::string_view();
}

std::uint32_t type::resource() const noexcept { return node_ ? node_->resource : 0; }

unsigned type::depth() const noexcept { return node_ ? node_->depth : 1; }

bool operator==(const type& left, const type& right) noexcept {
  if (left.kind_ != right.kind_) return false;
  if (left.node_ == right.node_) return true;
  const type::node& a = *left.node_;
  const type::node& b = *right.node_;
  // The name of a resource may be unknown on one side; its index is what it is.
  if (left.kind_ == kind::own || left.kind_ == kind::borrow) return a.resource == b.resource;
  return a.first == b.first && a.second == b.second && a.fields == b.fields && a.elements == b.elements &&
         a.cases == b.cases && a.names == b.names && a.text == b.text;
}

namespace {

void spell(const type& t, std::string& out);

template <class Things, class SpellOne>
void spell_members(const Things& things, std::string& out, SpellOne spell_one) {
  bool first = true;
  for (const auto& thing : things) {
    if (!first) out += ", ";
    first = false;
    spell_one(thing);
  }
}

void spell_handle(const type& t, std::string& out) {
  out += wit::to_string(t.kind());
  out += '<';
  if (t.name().empty()) {
    out += "resource" + std::to_string(t.resource());
  } else {
    out += t.name();
  }
  out += '>';
}

void spell_result(const type& t, std::string& out) {
  out += "result";
  if (!t.ok() && !t.err()) return;
  out += '<';
  if (t.ok()) {
    spell(*t.ok(), out);
  } else {
    out += '_';
  }
  if (t.err()) {
    out += ", ";
    spell(*t.err(), out);
  }
  out += '>';
}

void spell(const type& t, std::string& out) {
  switch (t.kind()) {
    case kind::list:
    case kind::option:
      out += wit::to_string(t.kind());
      out += '<';
      spell(t.element(), out);
      out += '>';
      return;
    case kind::record:
      out += "record { ";
      spell_members(t.fields(), out, [&out](const field& f) {
        out += f.name + ": ";
        spell(f.type, out);
      });
      out += " }";
      return;
    case kind::tuple:
      out += "tuple<";
      spell_members(t.elements(), out, [&out](const type& each) { spell(each, out); });
      out += '>';
      return;
    case kind::variant:
      out += "variant { ";
      spell_members(t.cases(), out, [&out](const variant_case& c) {
        out += c.name;
        if (!c.payload) return;
        out += '(';
        spell(*c.payload, out);
        out += ')';
      });
      out += " }";
      return;
    case kind::enumeration:
    case kind::flags:
      out += wit::to_string(t.kind());
      out += " { ";
      spell_members(t.names(), out, [&out](const std::string& name) { out += name; });
      out += " }";
      return;
    case kind::result:
      spell_result(t, out);
      return;
    case kind::own:
    case kind::borrow:
      spell_handle(t, out);
      return;
    case kind::stream:
    case kind::future:
      out += wit::to_string(t.kind());
      if (!t.payload()) return;
      out += '<';
      spell(*t.payload(), out);
      out += '>';
      return;
    case kind::unsupported:
      out += t.name();
      return;
    default:
      out += wit::to_string(t.kind());
  }
}

}  // namespace

std::string type::to_string() const {
  std::string out;
  spell(*this, out);
  return out;
}

}  // namespace holdfast::wit
