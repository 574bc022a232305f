// SPDX-License-Identifier: Apache-2.0
#include "serve/prometheus_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <regex>
#include <sstream>

namespace holdfast::serve::testing_support {
namespace {

const std::regex metric_name("[a-zA-Z_:][a-zA-Z0-9_:]*");
const std::regex label_name("(?!__)[a-zA-Z_][a-zA-Z0-9_]*");

std::optional<double> number_of(const std::string& text) {
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A line of the text, read from its beginning.
struct cursor {
  std::string_view rest;

  bool take(char what) {
    if (rest.empty() || rest.front() != what) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::string until(std::string_view ends) {
    const std::size_t end = std::min(rest.find_first_of(ends), rest.size());
    std::string word(rest.substr(0, end));
    rest.remove_prefix(end);
    return word;
  }
  // A label's value, after its opening quote.
  std::optional<std::string> quoted() {
    std::string value;
    while (!rest.empty()) {
      char next = rest.front();
      rest.remove_prefix(1);
      if (next == '"') return value;
      if (next == '\\') {
        if (rest.empty()) break;
        next = rest.front();
        rest.remove_prefix(1);
        if (next == 'n') {
          next = '\n';
        } else if (next != '\\' && next != '"') {
          break;
        }
      }
      value += next;
    }
    return std::nullopt;
  }
};

class reader {
 public:
  explicit reader(prometheus_text& into) : into_(into) {}

  void read(const std::string& line) {
    line_ = line;
    if (line.empty()) return breach("an empty line");
    if (line.front() == '#') return comment();
    sample();
  }

  void finish() {
    for (const auto& [name, family] : into_.families) {
      line_ = name;
      if (family.help.empty()) breach("no help");
      if (family.type.empty()) breach("no type");
      if (family.samples.empty()) breach("no sample");
      if (family.type == "counter" && !name.ends_with("_total")) breach("a counter's name ends with _total");
      if (family.type != "counter" && name.ends_with("_total")) breach("no counter, but for its name");
      if (family.type == "histogram") check_histogram(name, family);
      for (const auto& [of, value] : family.samples)
        if (family.type == "counter" && !(value >= 0)) breach("a counter is never negative");
    }
  }

 private:
  void breach(const std::string& what) { into_.breaches.push_back(what + ": " + line_); }

  void comment() {
    cursor at{line_};
    const bool is_help = line_.starts_with("# HELP ");
    if (!is_help && !line_.starts_with("# TYPE ")) return breach("neither HELP nor TYPE");
    at.rest.remove_prefix(7);
    const std::string name = at.until(" ");
    if (!at.take(' ') || at.rest.empty()) return breach("a comment without content");
    if (name != current_) {
      if (into_.families.contains(name)) return breach("a family in two places");
      if (!std::regex_match(name, metric_name)) return breach("no name of a metric");
      current_ = name;
    }
    metric_family& family = into_.families[name];
    if (!family.samples.empty()) return breach("a comment after the samples");
    std::string& field = is_help ? family.help : family.type;
    if (!field.empty()) return breach("said twice");
    field = std::string(at.rest);
    static const std::set<std::string> types{"counter", "gauge", "histogram", "summary", "untyped"};
    if (!is_help && !types.contains(field)) return breach("no type");
  }

  void sample() {
    cursor at{line_};
    const std::string name = at.until("{ ");
    metric_family& family = into_.families[current_];
    if (family.type.empty()) return breach("a sample before its type");
    if (!is_of_current(name, family)) return breach("a sample of no such family");
    label_set labels;
    if (at.take('{')) {
      while (!at.take('}')) {
        const std::string label = at.until("=");
        if (!std::regex_match(label, label_name)) return breach("no name of a label");
        if (!at.take('=') || !at.take('"')) return breach("a label without a value");
        const auto value = at.quoted();
        if (!value) return breach("a value that is not quoted well");
        if (!labels.emplace(label, *value).second) return breach("a label given twice");
        if (!at.take(',') && !at.rest.starts_with('}')) return breach("labels that do not end");
      }
    }
    if (!at.take(' ')) return breach("no value");
    const auto value = number_of(std::string(at.rest));
    if (!value) return breach("no number");
    if (!family.samples.emplace(std::pair(name, labels), *value).second)
      return breach("a series given twice");
  }

  bool is_of_current(const std::string& name, const metric_family& family) const {
    if (family.type != "histogram") return name == current_;
    return name == current_ + "_bucket" || name == current_ + "_sum" || name == current_ + "_count";
  }

  void check_histogram(const std::string& name, const metric_family& family) {
    std::map<label_set, std::map<double, double>> buckets;
    for (const auto& [of, value] : family.samples) {
      if (of.first != name + "_bucket") continue;
      label_set labels = of.second;
      const auto bound = labels.contains("le") ? number_of(labels.at("le")) : std::nullopt;
      if (!bound) {
        breach("a bucket without a bound");
        continue;
      }
      labels.erase("le");
      buckets[labels][*bound] = value;
    }
    if (buckets.empty()) breach("a histogram without buckets");
    for (const auto& [labels, each] : buckets) {
      if (!std::isinf(each.rbegin()->first)) breach("no bucket without an end");
      if (!std::ranges::is_sorted(each, {}, [](const auto& one) { return one.second; }))
        breach("buckets that are not cumulative");
      if (into_.value(name + "_count", labels) != each.rbegin()->second) breach("a count that is another");
      if (into_.value(name + "_sum", labels) < 0) breach("no sum");
    }
  }

  prometheus_text& into_;
  std::string line_;
  std::string current_;
};

const metric_family* family_of(const prometheus_text& in, const std::string& sample) {
  for (const auto& [name, family] : in.families)
    if (sample == name ||
        (family.type == "histogram" &&
         (sample == name + "_bucket" || sample == name + "_sum" || sample == name + "_count")))
      return &family;
  return nullptr;
}

}  // namespace

std::set<std::string> metric_family::label_names() const {
  std::set<std::string> names;
  for (const auto& [of, value] : samples)
    for (const auto& [name, label] : of.second)
      if (name != "le") names.insert(name);
  return names;
}

prometheus_text prometheus_text::read(std::string_view text) {
  prometheus_text made;
  reader into(made);
  if (!text.ends_with('\n')) made.breaches.emplace_back("the last line does not end");
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) into.read(line);
  into.finish();
  return made;
}

double prometheus_text::value(const std::string& name, const label_set& labels) const {
  const metric_family* const family = family_of(*this, name);
  if (family == nullptr) return -1;
  const auto found = family->samples.find({name, labels});
  return found != family->samples.end() ? found->second : -1;
}

double prometheus_text::sum(const std::string& name, const label_set& labels) const {
  double sum = 0;
  const metric_family* const family = family_of(*this, name);
  if (family == nullptr) return sum;
  for (const auto& [of, value] : family->samples) {
    const bool fits = of.first == name && std::ranges::all_of(labels, [&](const auto& each) {
                        const auto found = of.second.find(each.first);
                        return found != of.second.end() && found->second == each.second;
                      });
    if (fits) sum += value;
  }
  return sum;
}

}  // namespace holdfast::serve::testing_support
