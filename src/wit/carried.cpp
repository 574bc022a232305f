// SPDX-License-Identifier: Apache-2.0
#include "wit/carried.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "wit/json.hpp"
#include "wit/marks.hpp"
#include "wit/nearest.hpp"
#include "wit/owned_docs.hpp"
#include "wit/remarks.hpp"

namespace holdfast::wit {

namespace {

namespace json = boost::json;

constexpr std::string_view own_section = "holdfast-docs";
constexpr std::string_view package_section = "package-docs";
constexpr std::int64_t own_version = 1;

error refuse(std::string why) { return {errc::bad_contract, std::move(why)}; }

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

const json::object* object_in(const json::object& of, std::string_view member) {
  const json::value* const found = of.if_contains(member);
  return found != nullptr ? found->if_object() : nullptr;
}

// The text under that name, or nothing.
std::string text_in(const json::object& of, std::string_view member) {
  const json::value* const found = of.if_contains(member);
  const json::string* const text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? std::string(*text) : std::string();
}

// --- The section of `embed` ---

error not_ours(const std::string& what) {
  return refuse("its section `" + std::string(own_section) + "`: " + what);
}

result<void> read_function(function& into, const json::value& from) {
  const json::object* const entry = from.if_object();
  if (entry == nullptr) return refuse("expected an object");
  mark_list marks;
  if (const json::value* const given = entry->if_contains("marks")) {
    const json::array* const list = given->if_array();
    if (list == nullptr) return refuse("`marks` is no list");
    for (const json::value& each : *list) {
      const json::string* const mark = each.if_string();
      if (mark == nullptr) return refuse("a mark is no text");
      if (auto added = marks.add(view(*mark)); !added) return added;
    }
  }
  // Cut like any comment; marks in the text are long taken out.
  auto docs = read_comment(text_in(*entry, "docs"));
  if (!docs) return docs.error();
  into.docs = std::move(docs->text);
  into.contract = marks.contract();
  return {};
}

result<void> read_own(interface& into, const json::object* functions, const json::object* interfaces) {
  for (function& each : into.functions) {
    const std::string name = each.qualified_name();
    const json::value* const said = functions != nullptr ? functions->if_contains(name) : nullptr;
    if (said == nullptr) continue;
    if (auto read = read_function(each, *said); !read)
      return not_ours("on `" + shortened(name) + "`: " + read.error().message());
  }
  for (interface& inner : into.interfaces) {
    if (interfaces != nullptr) {
      const auto docs = read_comment(text_in(*interfaces, inner.name));
      if (!docs) return not_ours("on `" + shortened(inner.name) + "`: " + docs.error().message());
      inner.docs = docs->text;
    }
    if (auto read = read_own(inner, functions, interfaces); !read) return read;
  }
  return {};
}

result<void> apply_own(world& of, std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return not_ours(parsed.error().message());
  const json::object* const root = parsed->if_object();
  if (root == nullptr) return not_ours("expected an object");
  const json::value* const version = root->if_contains("version");
  if (version == nullptr || !version->is_int64() || version->get_int64() != own_version) {
    return not_ours("of another version than " + std::to_string(own_version) + ", the one known here");
  }
  return read_own(of.exports, object_in(*root, "functions"), object_in(*root, "interfaces"));
}

void write_own(const interface& from, json::object& functions, json::object& interfaces) {
  for (const function& each : from.functions) {
    json::object entry;
    if (!each.docs.empty()) entry["docs"] = each.docs;
    json::array marks;
    for (const cancel_mark mark : all_marks) {
      if (each.contract.has(mark)) marks.emplace_back(to_string(mark));
    }
    if (!marks.empty()) entry["marks"] = std::move(marks);
    if (!entry.empty()) functions[each.qualified_name()] = std::move(entry);
  }
  for (const interface& inner : from.interfaces) {
    if (!inner.docs.empty()) interfaces[inner.name] = inner.docs;
    write_own(inner, functions, interfaces);
  }
}

// --- The section of WebAssembly's own tools ---

/// Turns `package-docs` into remarks. Its first byte is its version; before version 1 a world's imports and
/// exports shared a member.
class package_docs {
 public:
  package_docs(const world& of, bool first_version) : world_(of), first_version_(first_version) {}

  std::vector<remark> read(const json::object& root) {
    if (const auto* worlds = object_in(root, "worlds")) {
      for (const auto& [name, entry] : *worlds) {
        if (const auto* object = entry.if_object()) read_world(std::string(name), *object);
      }
    }
    if (const auto* interfaces = object_in(root, "interfaces")) {
      for (const auto& [name, entry] : *interfaces) {
        const std::string full = full_name(view(name));
        if (const auto* object = entry.if_object(); object != nullptr && !full.empty())
          read_interface("", full, *object);
      }
    }
    return std::move(remarks_);
  }

 private:
  void read_world(const std::string& name, const json::object& entry) {
    add(commented::world, name, "", "", text_in(entry, "docs"));
    if (const auto* functions = object_in(entry, first_version_ ? "funcs" : "func_exports"))
      read_functions(name, "", *functions);
    if (const auto* interfaces = object_in(entry, first_version_ ? "interfaces" : "interface_exports")) {
      for (const auto& [inner, said] : *interfaces) {
        if (const auto* object = said.if_object()) read_interface(name, std::string(inner), *object);
      }
    }
    if (const auto* exported = object_in(entry, "interface_export_docs")) {
      for (const auto& [inner, said] : *exported) {
        if (const auto* text = said.if_string())
          add(commented::exported, name, std::string(inner), "", std::string(*text));
      }
    }
  }

  void read_interface(const std::string& in_world, const std::string& name, const json::object& entry) {
    add(commented::interface, in_world, name, "", text_in(entry, "docs"));
    if (const auto* functions = object_in(entry, "funcs")) read_functions(in_world, name, *functions);
  }

  void read_functions(const std::string& in_world, const std::string& in, const json::object& entries) {
    for (const auto& [name, said] : entries) {
      // Text alone, or an object with text.
      const auto* const text = said.if_string();
      const auto* const object = said.if_object();
      std::string docs = text != nullptr     ? std::string(*text)
                         : object != nullptr ? text_in(*object, "docs")
                                             : std::string();
      add(commented::function, in_world, in, std::string(name), std::move(docs));
    }
  }

  void add(commented on, std::string in_world, std::string in, std::string name, std::string docs) {
    const std::string& about = !name.empty() ? name : !in.empty() ? in : in_world;
    std::string place = "its section `" + std::string(package_section) + "`, on `" + shortened(about) + "`";
    remarks_.push_back(
        {on, std::move(in_world), std::move(in), std::move(name), std::move(docs), std::move(place)});
  }

  // The section leaves out the package, which the component's exports have: the one interface of that name.
  std::string full_name(std::string_view bare) const {
    std::string found;
    for (const interface& each : world_.exports.interfaces) {
      if (each.name == bare) return each.name;
      if (last_segment(unversioned(each.name)) != bare) continue;
      if (!found.empty()) return {};
      found = each.name;
    }
    return found;
  }

  const world& world_;
  bool first_version_;
  std::vector<remark> remarks_;
};

result<void> apply_package_docs(world& of, std::string_view section) {
  if (section.empty() || section.front() < 0 || section.front() > 1) return {};
  const auto parsed = parse_json(section.substr(1));
  if (!parsed || !parsed->is_object()) return {};
  const auto remarks = package_docs(of, section.front() == 0).read(parsed->get_object());
  if (const auto described = apply_remarks(of, remarks); !described) return described.error();
  return {};
}

// --- Sections of a binary component ---

constexpr std::size_t header_size = 8;

// A number of up to 32 bits in LEB128 from the front of `bytes`.
std::optional<std::uint32_t> take_number(std::span<const std::byte>& bytes) {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < 5 && i < bytes.size(); ++i) {
    const auto byte = std::to_integer<std::uint64_t>(bytes[i]);
    number |= (byte & 0x7F) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    bytes = bytes.subspan(i + 1);
    if (number > UINT32_MAX) return std::nullopt;
    return static_cast<std::uint32_t>(number);
  }
  return std::nullopt;
}

std::optional<std::span<const std::byte>> take_run(std::span<const std::byte>& bytes) {
  const auto size = take_number(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const auto run = bytes.first(*size);
  bytes = bytes.subspan(*size);
  return run;
}

void put_number(std::vector<std::byte>& into, std::size_t number) {
  do {
    const std::size_t rest = number >> 7;
    into.push_back(static_cast<std::byte>((number & 0x7F) | (rest != 0 ? 0x80 : 0)));
    number = rest;
  } while (number != 0);
}

void put(std::vector<std::byte>& into, std::string_view text) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  into.insert(into.end(), bytes, bytes + text.size());
}

bool is_own(std::span<const std::byte> section) {
  const auto name = take_run(section);
  return name && name->size() == own_section.size() &&
         std::memcmp(name->data(), own_section.data(), own_section.size()) == 0;
}

}  // namespace

result<void> apply_carried(world& of, std::span<const std::byte> component) {
  owned_docs own;
  if (hfd_find_section(docs_slice(component), docs_slice(own_section), own.out()))
    return apply_own(of, own.text());
  owned_docs package;
  if (hfd_find_section(docs_slice(component), docs_slice(package_section), package.out()))
    return apply_package_docs(of, package.text());
  return {};
}

result<std::vector<std::byte>> embed(std::span<const std::byte> component, const world& of) {
  constexpr std::string_view header("\0asm\x0d\0\1\0", header_size);
  if (component.size() < header_size || std::memcmp(component.data(), header.data(), header_size) != 0)
    return refuse("only a binary component can carry its contract; this one is text, or none");
  std::vector<std::byte> made(component.begin(), component.begin() + header_size);
  auto rest = component.subspan(header_size);
  while (!rest.empty()) {
    const auto begin = rest;
    const auto id = rest.front();
    rest = rest.subspan(1);
    const auto contents = take_run(rest);
    if (!contents) return refuse("the component is truncated");
    if (id == std::byte{0} && is_own(*contents)) continue;
    made.insert(made.end(), begin.begin(), begin.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }

  json::object functions;
  json::object interfaces;
  write_own(of.exports, functions, interfaces);
  json::object root{{"version", own_version}};
  root["functions"] = std::move(functions);
  root["interfaces"] = std::move(interfaces);

  std::vector<std::byte> section;
  put_number(section, own_section.size());
  put(section, own_section);
  put(section, json::serialize(root));
  made.push_back(std::byte{0});
  put_number(made, section.size());
  made.insert(made.end(), section.begin(), section.end());
  return made;
}

}  // namespace holdfast::wit
