// SPDX-License-Identifier: Apache-2.0
#include "serve/problem.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "serve/units.hpp"
#include "wit/json.hpp"

namespace holdfast::serve {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view problem_type = "application/problem+json";
// The names of errors, behind this, are what a program may go by.
constexpr std::string_view type_prefix = "urn:holdfast:error:";

errc errc_of(const std::error_code& code) noexcept {
  return code.category() == error_category() ? static_cast<errc>(code.value()) : errc::internal;
}

bool worth_a_retry(errc code) noexcept {
  const unsigned status = status_of(code);
  return status == 429 || status == 503;
}

http_answer not_kept(http_answer told) {
  told.fields.emplace_back("Cache-Control", "no-store");
  return told;
}

http_answer problem(unsigned status, std::string_view code, const std::string& title,
                    const std::string& detail, boost::json::object more) {
  boost::json::object body;
  body["type"] = std::string(type_prefix) + std::string(code);
  body["title"] = title;
  body["status"] = status;
  if (!detail.empty()) body["detail"] = detail;
  body["error"] = code;
  for (auto& [name, value] : more) body[name] = std::move(value);
  return not_kept(http_answer(status, problem_type, boost::json::serialize(body)));
}

void with_retry_after(http_answer& answer, duration wait) {
  const auto whole = std::clamp<long long>(static_cast<long long>(std::ceil(seconds(wait))), 1, 3600);
  answer.fields.emplace_back("Retry-After", std::to_string(whole));
}

}  // namespace

unsigned status_of(errc code) noexcept {
  switch (code) {
    case errc::queue_full:
      return 429;
    case errc::deadline_too_close:
    case errc::draining:
    case errc::broken:
    case errc::journal_full:
    case errc::no_resources:
      return 503;
    case errc::cycle:
    case errc::revoked:
    case errc::killed:
      return 409;
    case errc::bad_arguments:
      return 400;
    case errc::no_such_export:
      return 404;
    case errc::key_conflict:
      return 422;
    case errc::limit:
      return 413;
    case errc::expired_in_queue:
    case errc::deadline_killed:
      return 504;
    case errc::detached:
      return 202;
    case errc::gone:
      return 410;
    case errc::forked:
    case errc::trapped:
    case errc::host_failed:
    case errc::collateral:
    case errc::lost_in_crash:
    case errc::not_wasm:
    case errc::core_module:
    case errc::malformed_component:
    case errc::unsupported_component:
    case errc::unknown_import:
    case errc::type_mismatch:
    case errc::cannot_instantiate:
    case errc::bad_contract:
    case errc::bad_journal:
    case errc::journal_failed:
    case errc::internal:
    case errc::replay_diverged:
      return 500;
  }
  return 500;
}

http_answer answer_of(const reply& told, const std::optional<wit::type>& result) {
  const std::string id = told.id.to_string();
  if (!told.code) {
    // By hand: all but the value needs no escaping, and this is what most answers are.
    std::string body = R"({"id":")" + id + R"(","outcome":"completed","value":)";
    if (told.value && result) {
      const auto value = wit::to_json(*result, *told.value);
      if (!value)
        return problem_of(http_refusal(500, "the result cannot be written: " + value.error().message()),
                          outcome::completed, effect::executed);
      body += boost::json::serialize(*value);
    } else {
      body += "null";
    }
    body += ",\"generation\":" + std::to_string(told.generation) +
            ",\"attempts\":" + std::to_string(told.attempts) + R"(,"effect":"executed")";
    if (told.state_lost) body += R"(,"state_lost":true)";
    body += '}';
    return http_answer(200, json_type, std::move(body));
  }
  const errc code = errc_of(told.code);
  if (code == errc::detached) {
    const std::string place = "/v1/calls/" + id;
    http_answer told_so(
        202, json_type,
        R"({"id":")" + id + R"(","outcome":"detached","effect":"unknown","location":")" + place + "\"}");
    told_so.fields.emplace_back("Location", place);
    return told_so;
  }
  boost::json::object more;
  more["outcome"] = holdfast::to_string(told.outcome.value_or(outcome_of(code)));
  more["effect"] = holdfast::to_string(effect_of(code));
  if (told.id != call_id()) {
    more["id"] = id;
    more["instance"] = "/v1/calls/" + id;
    more["generation"] = told.generation;
    more["attempts"] = told.attempts;
  }
  if (told.state_lost) more["state_lost"] = true;
  if (!told.backtrace.empty()) more["backtrace"] = told.backtrace;
  http_answer answer =
      problem(status_of(code), holdfast::to_string(code), told.code.message(), told.detail, std::move(more));
  if (worth_a_retry(code)) with_retry_after(answer, std::chrono::seconds(1));
  return answer;
}

std::string_view word_of(const reply& told) noexcept {
  return told.outcome ? holdfast::to_string(*told.outcome) : "detached";
}

http_answer problem_of(const error& why) {
  const errc code = errc_of(why.code);
  boost::json::object more;
  if (code != errc::gone) more["outcome"] = holdfast::to_string(outcome_of(code));
  more["effect"] = holdfast::to_string(effect_of(code));
  http_answer answer =
      problem(status_of(code), holdfast::to_string(code), why.code.message(), why.detail, std::move(more));
  if (worth_a_retry(code)) with_retry_after(answer, std::chrono::seconds(1));
  return answer;
}

namespace {

http_answer problem_of(const http_refusal& why, std::string_view code, outcome what, effect ran) {
  boost::json::object more;
  more["outcome"] = holdfast::to_string(what);
  more["effect"] = holdfast::to_string(ran);
  return problem(why.status, code, std::string(reason_of(why.status)), why.why, std::move(more));
}

// `Bad Request` as a program has it.
std::string code_of(unsigned status) {
  std::string code(reason_of(status));
  for (char& c : code) c = c == ' ' || c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return code;
}

}  // namespace

http_answer problem_of(const http_refusal& why, std::string_view code) {
  return problem_of(why, code, outcome::refused, effect::not_executed);
}

http_answer problem_of(const http_refusal& why) { return problem_of(why, code_of(why.status)); }

http_answer problem_of(const http_refusal& why, outcome what, effect ran) {
  return problem_of(why, code_of(why.status), what, ran);
}

http_answer json_answer(unsigned status, const boost::json::value& body) {
  return not_kept(http_answer(status, json_type, boost::json::serialize(body)));
}

http_answer too_many(const std::string& why, duration wait) {
  http_answer answer = problem_of(http_refusal{429, why}, "too_many_requests");
  with_retry_after(answer, wait);
  return answer;
}

}  // namespace holdfast::serve
