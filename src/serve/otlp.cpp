// SPDX-License-Identifier: Apache-2.0
#include "serve/otlp.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "wit/visible.hpp"

namespace holdfast::serve {
namespace {

// Of a span: the lower eight bits are those of `traceparent`, then whether the parent is known to be afar.
constexpr std::uint32_t flag_sampled = 0x1;
constexpr std::uint32_t flag_has_remote = 0x100;
constexpr std::uint32_t flag_remote = 0x200;

// Clients write what they like, and JSON is UTF-8.
std::string clean(std::string_view text) { return wit::escape_line(text); }

boost::json::object attribute(std::string_view key, const trace_span::value& what) {
  boost::json::object value;
  if (const auto* text = std::get_if<std::string>(&what)) value["stringValue"] = clean(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&what)) value["intValue"] = std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&what)) value["doubleValue"] = *real;
  return {{"key", key}, {"value", std::move(value)}};
}

std::string nanoseconds(std::chrono::system_clock::time_point when) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count());
}

boost::json::object span_json(const trace_span& of) {
  boost::json::object made{{"traceId", of.here.trace.to_string()},
                           {"spanId", to_string_of_span(of.here.span)},
                           {"name", clean(of.name)},
                           {"kind", static_cast<int>(of.kind)},
                           {"startTimeUnixNano", nanoseconds(of.began)},
                           {"endTimeUnixNano", nanoseconds(of.ended)},
                           {"flags", flag_sampled | flag_has_remote | (of.parent_is_afar ? flag_remote : 0)}};
  if (of.parent != 0) made["parentSpanId"] = to_string_of_span(of.parent);
  if (!of.here.state.empty()) made["traceState"] = of.here.state;
  boost::json::array attributes;
  for (const auto& [key, value] : of.attributes) attributes.push_back(attribute(key, value));
  made["attributes"] = std::move(attributes);
  boost::json::object status;
  if (of.failed) status = {{"code", 2}, {"message", of.why}};
  made["status"] = std::move(status);
  return made;
}

}  // namespace

result<otlp_endpoint> parse_otlp_endpoint(std::string_view text) {
  const auto refuse = [](const char* why) { return error(errc::bad_arguments, why); };
  const auto read = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!read || !read->has_authority() || read->host_address().empty())
    return refuse("wants the address of a collector, such as `http://localhost:4318`");
  if (read->scheme() == "https") return refuse("cannot be `https`: spans are sent without TLS");
  if (read->scheme() != "http") return refuse("wants an address that begins with `http://`");
  if (read->has_userinfo()) return refuse("cannot have a name and a password; `headers` can");
  if (read->has_query() || read->has_fragment()) return refuse("cannot have a query or a fragment");
  if (read->has_port() && !read->port().empty() && read->port_number() == 0)
    return refuse("has no port from 1 to 65535");
  otlp_endpoint made;
  made.host = read->host_address();
  made.port = read->port().empty() ? std::string("80") : std::string(read->port());
  made.authority = std::string(read->encoded_host_and_port());
  made.target = std::string(read->encoded_path());
  while (made.target.ends_with('/')) made.target.pop_back();
  made.target += "/v1/traces";
  return made;
}

std::string otlp_body(std::span<const trace_span> spans, std::string_view service, std::string_view version) {
  boost::json::array all;
  all.reserve(spans.size());
  for (const trace_span& each : spans) all.push_back(span_json(each));
  boost::json::array resource;
  resource.push_back(attribute("service.name", std::string(service)));
  resource.push_back(attribute("service.version", std::string(version)));
  boost::json::object scoped{{"scope", boost::json::object{{"name", "holdfast"}, {"version", version}}},
                             {"spans", std::move(all)}};
  boost::json::object one{{"resource", boost::json::object{{"attributes", std::move(resource)}}}};
  one["scopeSpans"] = boost::json::array{std::move(scoped)};
  return boost::json::serialize(boost::json::object{{"resourceSpans", boost::json::array{std::move(one)}}});
}

std::uint64_t otlp_rejected(std::string_view answer) {
  boost::system::error_code failed;
  const auto read = boost::json::parse(boost::json::string_view(answer.data(), answer.size()), failed);
  if (failed || !read.is_object()) return 0;
  const auto* partial = read.as_object().if_contains("partialSuccess");
  if (partial == nullptr || !partial->is_object()) return 0;
  const auto* count = partial->as_object().if_contains("rejectedSpans");
  if (count == nullptr) return 0;
  // A number of 64 bits is a text in this encoding; some write it as a number.
  if (count->is_int64()) return count->as_int64() > 0 ? static_cast<std::uint64_t>(count->as_int64()) : 0;
  std::uint64_t number = 0;
  if (const auto* text = count->if_string())
    std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace holdfast::serve
