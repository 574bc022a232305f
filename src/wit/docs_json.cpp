// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>

#include "wit/docs_page.hpp"
#include "wit/marks.hpp"
#include "wit/promises.hpp"

namespace holdfast::wit {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object function_json(const function& of) {
  const promises told = promises_of(of.contract);
  json::object one;
  one["name"] = of.qualified_name();
  one["interface"] = text_or_null(of.interface);
  one["signature"] = of.to_string();
  one["docs"] = text_or_null(of.docs);
  one["marks"] = marks_json(of.contract);
  one["cancellable"] = of.contract.cancellable();
  one["retry_safe"] = of.contract.retry_safe();
  one["contract"] = {{"running", told.running}, {"leaving", told.leaving},   {"revoke", told.revoke},
                     {"kill", told.kill},       {"deadline", told.deadline}, {"retry", told.retry}};
  return one;
}

void add_interfaces(const interface& of, json::array& all) {
  for (const interface& each : of.interfaces) {
    all.push_back({{"name", each.name}, {"docs", text_or_null(each.docs)}});
    add_interfaces(each, all);
  }
}

}  // namespace

json::array marks_json(cancel_contract contract) {
  json::array marks;
  for (const cancel_mark mark : all_marks) {
    if (contract.has(mark)) marks.emplace_back(to_string(mark));
  }
  return marks;
}

json::object docs_json(const world& of, std::string_view title) {
  json::array exports;
  for (const function* each : of.exported_functions()) exports.push_back(function_json(*each));
  json::array interfaces;
  add_interfaces(of.exports, interfaces);
  return {{"component", title}, {"interfaces", std::move(interfaces)}, {"exports", std::move(exports)}};
}

}  // namespace holdfast::wit
