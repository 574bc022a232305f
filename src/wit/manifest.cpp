// SPDX-License-Identifier: Apache-2.0
#include "wit/manifest.hpp"

#include <boost/json/string.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "wit/json.hpp"
#include "wit/marks.hpp"
#include "wit/nearest.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

namespace {

constexpr std::size_t largest_manifest = 1U << 20;

/// Reads the one shape that a manifest has, with its own eyes for line and column: a general JSON parser
/// would have forgotten where things stood.
class manifest_reader {
 public:
  manifest_reader(world& of, std::string_view text, std::string_view name)
      : world_(of), text_(text), name_(name) {}

  result<void> read() {
    const std::size_t valid = valid_utf8_prefix(text_);
    if (valid != text_.size()) return wrong(valid, "the text is not UTF-8");
    bool exports = false;
    auto all = members([&](std::size_t at, const std::string& name) -> result<void> {
      if (name != "exports") {
        return wrong(at, "no member `" + shortened(name) + "`; a manifest has `exports` alone");
      }
      if (exports) return wrong(at, "`exports` is given twice");
      exports = true;
      return read_exports();
    });
    if (!all) return all;
    skip_space();
    if (position_ != text_.size()) return wrong(position_, "unexpected text after the manifest");
    return {};
  }

 private:
  result<void> read_exports() {
    std::map<const function*, std::size_t> seen;
    return members([&](std::size_t at, const std::string& name) -> result<void> {
      const auto found = world_.find_export(name);
      if (!found) return wrong(at, found.error().message());
      const auto [earlier, fresh] = seen.emplace(*found, at);
      if (!fresh) {
        return wrong(at, "`" + (*found)->qualified_name() + "` is given twice, first at line " +
                             std::to_string(place_of(earlier->second).line));
      }
      mark_list marks;
      auto listed = elements([&](std::size_t mark_at, const std::string& mark) -> result<void> {
        if (auto added = marks.add(mark); !added) return wrong(mark_at, added.error().message());
        return {};
      });
      if (!listed) return listed;
      // The world is ours to change; its look-up hands out what callers may see.
      const_cast<function*>(*found)->contract = marks.contract();
      return {};
    });
  }

  template <class Each>
  result<void> members(Each&& each) {
    if (auto begun = expect('{', "an object"); !begun) return begun;
    return until('}', [&](std::size_t at, const std::string& name) -> result<void> {
      if (auto colon = expect(':', "`:`"); !colon) return colon;
      return each(at, name);
    });
  }

  template <class Each>
  result<void> elements(Each&& each) {
    if (auto begun = expect('[', "a list of marks, such as [\"idempotent\"]"); !begun) return begun;
    return until(']', each);
  }

  // Texts with commas between them up to `end`, each handed on with its place.
  template <class Each>
  result<void> until(char end, Each&& each) {
    skip_space();
    if (take(end)) return {};
    while (true) {
      skip_space();
      const std::size_t at = position_;
      auto text = read_text();
      if (!text) return text.error();
      if (auto handled = each(at, *text); !handled) return handled;
      skip_space();
      if (take(end)) return {};
      if (!take(',')) return wrong(position_, "expected `,` or `" + std::string(1, end) + "`, got " + here());
    }
  }

  result<std::string> read_text() {
    const std::size_t begin = position_;
    if (!take('"')) return wrong(begin, "expected text in quotes, got " + here());
    while (position_ < text_.size() && text_[position_] != '"' && text_[position_] != '\n') {
      position_ += text_[position_] == '\\' ? 2 : 1;
    }
    if (position_ >= text_.size() || text_[position_] != '"') {
      return wrong(begin, "the text is not closed on its line");
    }
    ++position_;
    // Its escapes are JSON's own.
    const auto json = parse_json(text_.substr(begin, position_ - begin));
    if (!json) return wrong(begin, json.error().message());
    return std::string(json->as_string());
  }

  result<void> expect(char wanted, const std::string& called) {
    skip_space();
    if (take(wanted)) return {};
    return wrong(position_, "expected " + called + ", got " + here());
  }

  void skip_space() {
    while (position_ < text_.size() && std::strchr(" \t\r\n", text_[position_]) != nullptr &&
           text_[position_] != '\0') {
      ++position_;
    }
  }

  bool take(char wanted) {
    if (position_ >= text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  std::string here() const {
    if (position_ >= text_.size()) return "the end";
    switch (text_[position_]) {
      case '{':
        return "an object";
      case '[':
        return "a list";
      case '"':
        return "text";
      default: {
        const std::size_t end = text_.find_first_of(" \t\r\n,:]}\"", position_ + 1);
        return "`" + shortened(text_.substr(position_, std::min(end, text_.size()) - position_)) + "`";
      }
    }
  }

  struct place {
    std::size_t line = 1;
    std::size_t column = 1;
  };

  place place_of(std::size_t at) const {
    place found;
    for (const char c : text_.substr(0, at)) {
      if (c == '\n') {
        ++found.line;
        found.column = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {  // a column is a character
        ++found.column;
      }
    }
    return found;
  }

  error wrong(std::size_t at, const std::string& what) const {
    const place found = place_of(at);
    return {errc::bad_contract, std::string(name_) + ":" + std::to_string(found.line) + ":" +
                                    std::to_string(found.column) + ": " + what};
  }

  world& world_;
  std::string_view text_;
  std::string_view name_;
  std::size_t position_ = 0;
};

}  // namespace

result<void> apply_manifest(world& of, std::string_view text, std::string_view name) {
  return manifest_reader(of, text, name).read();
}

result<void> load_manifest(world& of, const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    return error(errc::bad_contract, file.string() + ": " + why);
  };
  std::error_code failed;
  if (std::filesystem::is_directory(file, failed)) return refuse("is a directory");
  std::ifstream in(file, std::ios::binary);
  if (!in) return refuse(std::strerror(errno));
  // One byte more than is allowed tells whether it is too large, whatever the file is.
  std::string text(largest_manifest + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return refuse("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest_manifest) return refuse("a manifest is at most 1 MiB");
  return apply_manifest(of, text, file.string());
}

std::filesystem::path manifest_beside(const std::filesystem::path& component) {
  std::filesystem::path beside = component;
  return beside.replace_extension(".holdfast.json");
}

}  // namespace holdfast::wit
