// SPDX-License-Identifier: Apache-2.0
#include "wit/signature.hpp"

namespace holdfast::wit {

namespace {

class breaker {
 public:
  explicit breaker(std::size_t width) : width_(width) {}

  std::string spell(const function& of) {
    put(of.name + ": " + (of.is_async ? "async func" : "func"));
    std::string flat = "(";
    for (const field& each : of.params)
      flat += (flat.size() == 1 ? "" : ", ") + each.name + ": " + each.type.to_string();
    flat += ')';
    if (of.params.empty() || fits(flat)) {
      put(flat);
    } else {
      put("(");
      ++level_;
      for (const field& each : of.params) {
        line();
        put(each.name + ": ");
        put(each.type, 1);
        put(",");
      }
      --level_;
      line();
      put(")");
    }
    if (of.result) {
      put(" -> ");
      put(*of.result, 0);
    }
    return std::move(out_);
  }

 private:
  bool fits(const std::string& flat) const { return out_.size() - line_start_ + flat.size() <= width_; }
  void put(const std::string& text) { out_ += text; }

  void line() {
    out_ += '\n';
    line_start_ = out_.size();
    out_.append(2 * level_, ' ');
  }

  // `after`: how many characters follow on the same line.
  void put(const type& t, std::size_t after) {
    const std::string flat = t.to_string();
    if (flat.size() + after + out_.size() - line_start_ <= width_ || !has_parts(t)) {
      put(flat);
      return;
    }
    switch (t.kind()) {
      case kind::list:
      case kind::option:
        put(t.kind() == kind::list ? "list<" : "option<");
        put(t.element(), after + 1);
        put(">");
        return;
      case kind::result:
        put("result<");
        put_payload(t.ok(), "_", 2);
        if (t.err()) {
          put(", ");
          put(*t.err(), after + 1);
        }
        put(">");
        return;
      case kind::tuple:
        put_lines("tuple<", ">", t.elements(), [this](const type& each) { put(each, 1); });
        return;
      case kind::record:
        put_lines("record {", "}", t.fields(), [this](const field& each) {
          put(each.name + ": ");
          put(each.type, 1);
        });
        return;
      case kind::variant:
        put_lines("variant {", "}", t.cases(), [this](const variant_case& each) {
          put(each.name);
          if (!each.payload) return;
          put("(");
          put(*each.payload, 2);
          put(")");
        });
        return;
      default:
        put_lines(t.kind() == kind::flags ? "flags {" : "enum {", "}", t.names(),
                  [this](const std::string& each) { put(each); });
        return;
    }
  }

  static bool has_parts(const type& t) {
    switch (t.kind()) {
      case kind::list:
      case kind::option:
      case kind::tuple:
      case kind::record:
      case kind::variant:
      case kind::enumeration:
      case kind::flags:
        return true;
      case kind::result:
        return t.ok().has_value() || t.err().has_value();
      default:
        return false;
    }
  }

  void put_payload(const std::optional<type>& t, const char* none, std::size_t after) {
    if (t) {
      put(*t, after);
    } else {
      put(none);
    }
  }

  template <class Parts, class Each>
  void put_lines(const char* open, const char* close, const Parts& parts, Each&& each) {
    put(open);
    ++level_;
    for (const auto& part : parts) {
      line();
      each(part);
      put(",");
    }
    --level_;
    line();
    put(close);
  }

  std::size_t width_;
  std::size_t level_ = 0;
  std::size_t line_start_ = 0;
  std::string out_;
};

}  // namespace

std::string wrapped_signature(const function& of, std::size_t width) { return breaker(width).spell(of); }

}  // namespace holdfast::wit
