// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "cli/load_target.hpp"
#include "cli/server_choice.hpp"
#include "host/journal_digest.hpp"
#include "serve/units.hpp"
#include "wit/json.hpp"

namespace holdfast::cli::load {
namespace {

call_end end_of(const http_reply& told) {
  call_end end;
  if (told.status == 0) {
    end.ran = told.sent ? effect::unknown : effect::not_executed;
    end.why = told.why;
    return end;
  }
  if (told.status == 202) {
    end.how = call_end::seen::detached;
    return end;
  }
  end.how = call_end::seen::outcome;
  if (told.status == 200) {  // nothing in it needs to be read
    end.what = outcome::completed;
    end.ran = effect::executed;
    return end;
  }
  const auto json = wit::parse_json(told.body);
  if (!json || !json->is_object()) {
    end.how = call_end::seen::lost;
    end.why = "status " + std::to_string(told.status) + " without a problem document";
    return end;
  }
  const auto& body = json->as_object();
  end.what = detail::outcome_named(text_of(body, "outcome"));
  if (!end.what) end.how = call_end::seen::lost;
  end.ran = detail::effect_named(text_of(body, "effect")).value_or(effect::unknown);
  end.why = text_of(body, "detail");
  if (end.why.empty()) end.why = text_of(body, "title");
  return end;
}

class server_caller final : public caller {
 public:
  server_caller(asio::io_context& on, const server_access& to,
                const std::array<http_question, call_kinds>& questions)
      : connection_(on, to), questions_(questions) {}

  void call(call_kind what, std::function<void(call_end)> then) override {
    left_ = false;
    connection_.ask(questions_[static_cast<std::size_t>(what)], no_limit,
                    [this, then = std::move(then)](const http_reply& told) {
                      call_end end = end_of(told);
                      if (left_ && told.status == 0) end.how = call_end::seen::left;
                      then(std::move(end));
                    });
  }
  void leave() override {
    left_ = true;
    connection_.reset();
  }

 private:
  http_connection connection_;
  const std::array<http_question, call_kinds>& questions_;
  bool left_ = false;
};

class server_target final : public target {
 public:
  server_target(asio::io_context& on, server_access to, std::array<http_question, call_kinds> questions)
      : on_(on), to_(std::move(to)), questions_(std::move(questions)) {}
  std::unique_ptr<caller> make_caller() override {
    return std::make_unique<server_caller>(on_, to_, questions_);
  }

 private:
  asio::io_context& on_;
  const server_access to_;
  const std::array<http_question, call_kinds> questions_;
};

}  // namespace

result<std::unique_ptr<target>> make_server_target(asio::io_context& on, const server_access& to,
                                                   const std::string& component, const call_shapes& shapes) {
  std::array<http_question, call_kinds> questions;
  for (std::size_t i = 0; i < call_kinds; ++i) {
    const call_shape& shape = shapes.of[i];
    if (const auto json = wit::parse_json(shape.arguments); !json) return json.error();
    questions[i].method = "POST";
    questions[i].target = "/v1/call/" + in_path(component) + "/" + in_path(shape.function);
    questions[i].body = shape.arguments;
    if (shapes.deadline != no_limit) questions[i].deadline = serve::written(shapes.deadline);
  }
  return std::unique_ptr<target>(std::make_unique<server_target>(on, to, std::move(questions)));
}

}  // namespace holdfast::cli::load
