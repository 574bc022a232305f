// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <vector>

#include "wit/doc_text.hpp"
#include "wit/docs_page.hpp"
#include "wit/marks.hpp"
#include "wit/promises.hpp"
#include "wit/signature.hpp"
#include "wit/visible.hpp"

namespace holdfast::wit {

namespace {

// The policy is a second wall: should a name ever become markup, no browser runs or loads anything for it.
constexpr std::string_view head = R"(<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
)";

constexpr std::string_view style = R"(<style>
:root { --ink: #1d2329; --soft: #57616c; --paper: #fbfaf8; --card: #fff; --line: #dcd9d3; --code: #f2f0ec;
  --good: #14603c; --good-paper: #e2f3e9; --bad: #96231d; --bad-paper: #fbe6e3; --link: #1a5a96; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e8; --soft: #a0a8b0; --paper: #15181b; --card: #1c2024; --line: #343a40; --code: #23282d;
    --good: #8ed9b0; --good-paper: #173527; --bad: #ffaca4; --bad-paper: #45201d; --link: #86bdf0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .5rem; }
h3 { font-size: 1.1rem; margin: 0; }
p { margin: .4rem 0; }
.soft { color: var(--soft); }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: .92em/1.5 ui-monospace, monospace; }
code { background: var(--code); border-radius: .25rem; padding: .05em .3em; }
pre { background: var(--code); border-radius: .4rem; padding: .7rem .9rem; margin: .7rem 0; overflow-x: auto;
  overflow-wrap: normal; }
pre code { background: none; padding: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 38rem; margin: 1rem 0; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .88rem; }
td:first-child { min-width: 10rem; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-left: .35rem solid var(--good);
  border-radius: .5rem; padding: 1rem 1.2rem; margin: 1rem 0; }
section.bad { border-left-color: var(--bad); }
.mark { display: inline-block; white-space: nowrap; border-radius: 1rem; padding: .05rem .65rem; margin: .15rem .3rem .15rem 0;
  font-size: .85rem; font-weight: 600; color: var(--good); background: var(--good-paper); }
.mark.bad { color: var(--bad); background: var(--bad-paper); }
blockquote { margin: .8rem 0; padding: .1rem 0 .1rem 1rem; border-left: .2rem solid var(--line); }
blockquote ul { margin: .4rem 0; padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: 7rem 1fr; gap: .25rem 1rem; margin: .8rem 0 0; }
dt { font-weight: 600; }
dd { margin: 0; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
</style>
)";

// Text in an element or an attribute, one line of it.
std::string text(std::string_view untrusted) {
  std::string out;
  for (const char c : escape_line(untrusted)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string code(std::string_view untrusted) { return "<code>" + text(untrusted) + "</code>"; }

std::string line_of(const std::vector<doc_span>& spans) {
  std::string out;
  for (const doc_span& each : spans) out += each.is_code ? code(each.text) : text(each.text);
  return out;
}

std::string lines_of(const doc_block& block) {
  std::string out;
  for (const auto& line : block.lines) out += (out.empty() ? "" : "\n") + line_of(line);
  return out;
}

// Somebody else's words, as a quotation.
void quote(std::string& out, std::string_view untrusted) {
  const auto blocks = read_doc_text(untrusted);
  if (blocks.empty()) return;
  out += "<blockquote>\n";
  bool in_list = false;
  for (const doc_block& each : blocks) {
    const bool item = each.is == doc_block::kind::item;
    if (item != in_list) out += item ? "<ul>\n" : "</ul>\n";
    in_list = item;
    out += item ? "<li>" + lines_of(each) + "</li>\n" : "<p>" + lines_of(each) + "</p>\n";
  }
  out += in_list ? "</ul>\n</blockquote>\n" : "</blockquote>\n";
}

std::string marks(const function& of) {
  if (!of.contract.cancellable()) return "<span class=\"mark bad\">non-cancellable once running</span>";
  std::string out;
  for (const cancel_mark mark : all_marks) {
    if (of.contract.has(mark)) out += "<span class=\"mark\">" + text(to_string(mark)) + "</span>";
  }
  return out;
}

/// Writes the page, and knows the place of each export on it.
class page {
 public:
  explicit page(const world& of) : world_(of) {
    for (const function* each : of.exported_functions()) places_.emplace(each, places_.size());
  }

  std::string write(std::string_view title) {
    out_ = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n" + std::string(head) + "<title>" + text(title) +
           "</title>\n" + std::string(style) + "</head>\n<body>\n<header>\n<h1>" + text(title) + "</h1>\n";
    if (places_.empty()) {
      out_ += "<p>It exports no functions.</p>\n</header>\n";
    } else {
      out_ +=
          "<p class=\"soft\">What its exports promise to those who call them. A caller who leaves never "
          "stops a call. The component’s own words stand in quotations.</p>\n</header>\n";
      add_table();
      out_ += "<main>\n";
      add_interface(world_.exports);
      out_ += "</main>\n";
    }
    return std::move(out_) + "</body>\n</html>\n";
  }

 private:
  std::string anchor(const function& of) const { return "export-" + std::to_string(places_.at(&of)); }

  void add_table() {
    out_ +=
        "<div class=\"wide\">\n<table>\n<thead><tr><th>export</th><th>marks</th><th>once running</th>"
        "<th>send again</th></tr></thead>\n<tbody>\n";
    for (const function* each : world_.exported_functions()) {
      const bool safe = each->contract.retry_safe();
      out_ += "<tr><td><a href=\"#" + anchor(*each) + "\">" + code(each->qualified_name()) + "</a></td><td>" +
              (each->contract.empty() ? "none" : marks(*each)) + "</td><td>" +
              (each->contract.cancellable() ? text(promises_of(each->contract).running)
                                            : "<span class=\"mark bad\">non-cancellable</span>") +
              "</td><td>" + (safe ? "yes" : "only if not executed") + "</td></tr>\n";
    }
    out_ += "</tbody>\n</table>\n</div>\n";
  }

  void add_interface(const interface& of) {
    if (!of.name.empty() && !of.functions.empty()) {
      out_ += "<h2>" + code(of.name) + "</h2>\n";
      quote(out_, of.docs);
    }
    for (const function& each : of.functions) add_function(each);
    for (const interface& inner : of.interfaces) add_interface(inner);
  }

  void add_function(const function& of) {
    const promises told = promises_of(of.contract);
    out_ += "<section id=\"" + anchor(of) + (of.contract.cancellable() ? "\">\n" : "\" class=\"bad\">\n");
    out_ += "<h3>" + text(of.name) + "</h3>\n<div>" + marks(of) + "</div>\n<pre><code>";
    const std::string signature = wrapped_signature(of);
    for (std::string_view rest = signature; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      out_ += text(rest.substr(0, end));
      if (end < rest.size()) out_ += '\n';
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out_ += "</code></pre>\n";
    quote(out_, of.docs);
    out_ += "<dl>\n";
    add_promise("Leaving", told.leaving);
    add_promise("Revoke", told.revoke);
    add_promise("Deadline", told.deadline);
    add_promise("Kill", told.kill);
    add_promise("Send again", told.retry);
    out_ += "</dl>\n</section>\n";
  }

  void add_promise(std::string_view name, std::string_view sentence) {
    out_ += "<dt>" + text(name) + "</dt><dd>" + line_of(read_doc_line(sentence)) + "</dd>\n";
  }

  const world& world_;
  std::map<const function*, std::size_t> places_;
  std::string out_;
};

}  // namespace

std::string docs_html(const world& of, std::string_view title) { return page(of).write(title); }

}  // namespace holdfast::wit
