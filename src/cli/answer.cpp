// SPDX-License-Identifier: Apache-2.0
#include "cli/answer.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cli/terminal.hpp"
#include "serve/problem.hpp"
#include "wit/json.hpp"
#include "wit/wave.hpp"

namespace holdfast::cli {
namespace {

exit_code code_of_error(const std::error_code& code) noexcept {
  if (!code) return success;
  // What the person who typed can mend.
  for (const errc mine :
       {errc::bad_arguments, errc::no_such_export, errc::limit, errc::not_wasm, errc::core_module,
        errc::malformed_component, errc::unsupported_component, errc::unknown_import, errc::type_mismatch,
        errc::cannot_instantiate, errc::bad_contract, errc::bad_journal, errc::journal_failed,
        errc::no_resources, errc::replay_diverged})
    if (code == make_error_code(mine)) return bad_input;
  if (code == make_error_code(errc::internal)) return defect;
  return code_of(effect_of(code));
}

// The guest's frames, indented, so that none can be taken for a line of Holdfast's.
void show_frames(std::string_view untrusted) {
  while (!untrusted.empty()) {
    const std::size_t end = std::min(untrusted.find('\n'), untrusted.size());
    std::fprintf(stderr, "  %s\n", escape_line(untrusted.substr(0, end)).c_str());
    untrusted.remove_prefix(std::min(end + 1, untrusted.size()));
  }
}

}  // namespace

boost::json::object to_json(const reply& told, const wit::function& of) {
  boost::json::object json;
  json["id"] = told.id.to_string();
  json["outcome"] = serve::word_of(told);
  json["value"] = nullptr;
  if (told.value && of.result) {
    auto value = wit::to_json(*of.result, *told.value);
    if (value) json["value"] = std::move(*value);
  }
  json["generation"] = told.generation;
  json["attempts"] = told.attempts;
  json["effect"] = holdfast::to_string(effect_of(told.code));
  if (told.code) json["error"] = holdfast::to_string(static_cast<errc>(told.code.value()));
  if (!told.detail.empty()) json["detail"] = told.detail;
  if (!told.backtrace.empty()) json["backtrace"] = told.backtrace;
  return json;
}

boost::json::object to_json(const error& why) {
  boost::json::object json;
  json["outcome"] = holdfast::to_string(outcome::refused);
  json["effect"] = holdfast::to_string(effect_of(why.code));
  json["error"] = holdfast::to_string(static_cast<errc>(why.code.value()));
  json["detail"] = why.message();
  return json;
}

exit_code code_of(effect ran) noexcept {
  switch (ran) {
    case effect::not_executed:
      return not_executed;
    case effect::executed:
      return failed;
    case effect::unknown:
      return unknown;
  }
  return unknown;
}

exit_code code_of(const reply& told) noexcept { return code_of_error(told.code); }

exit_code show(const reply& told, const wit::function& of, bool json) {
  if (json) {
    std::printf("%s\n", json_line(to_json(told, of)).c_str());
    return code_of(told);
  }
  if (!told.code) {
    if (told.value && of.result) {
      const auto text = wit::to_wave(*of.result, *told.value);
      if (!text) return show(text.error(), false);
      std::printf("%s\n", escape_line(*text).c_str());
    }
    return success;
  }
  std::string line(serve::word_of(told));
  // Wasmtime's word for a guest that was stopped does not say that it was a deadline.
  if (told.code == make_error_code(errc::deadline_killed)) line += ": " + told.code.message();
  line += ": " + escape_line(told.detail.empty() ? told.code.message() : told.detail);
  complain(line);
  show_frames(told.backtrace);
  return code_of(told);
}

exit_code show(const error& why, bool json) {
  if (json) {
    std::printf("%s\n", json_line(to_json(why)).c_str());
  } else {
    complain(escape_line(why.message()));
  }
  return code_of_error(why.code);
}

}  // namespace holdfast::cli
