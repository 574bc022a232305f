// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <holdfast/host.hpp>
#include <stop_token>
#include <utility>

#include "cli/load_target.hpp"
#include "wit/json.hpp"

namespace holdfast::cli::load {
namespace {

struct ready_call {
  std::string function;
  wit::arguments arguments;
};

call_end end_of(const reply& told, bool left) {
  call_end end;
  end.what = told.outcome;
  end.how = told.outcome ? call_end::seen::outcome : left ? call_end::seen::left : call_end::seen::detached;
  end.ran = told.effect();
  if (told.code) end.why = told.detail.empty() ? told.code.message() : told.detail;
  return end;
}

class pool_target;

class pool_caller final : public caller {
 public:
  explicit pool_caller(const pool_target& of) : of_(of) {}
  void call(call_kind what, std::function<void(call_end)> then) override;
  void leave() override { stop_.request_stop(); }

 private:
  const pool_target& of_;
  std::stop_source stop_;
};

class pool_target final : public target {
 public:
  pool_target(asio::io_context& on, const engine& with, std::array<ready_call, call_kinds> calls,
              duration deadline)
      : calls_(std::move(calls)), owner_(with, settings(on)) {
    if (deadline != no_limit) options_.deadline = deadline;
  }
  result<void> open(const component& of, unsigned cells) {
    pool_options options;
    options.cells = cells;
    options.rebuild.give_up_after = 3;
    auto opened = owner_.open(of, std::move(options));
    if (!opened) return opened.error();
    pool_.emplace(*std::move(opened));
    return pool_->wait_ready(no_limit);
  }
  std::unique_ptr<caller> make_caller() override { return std::make_unique<pool_caller>(*this); }

  const ready_call& of(call_kind what) const { return calls_[static_cast<std::size_t>(what)]; }
  const pool& calls() const { return *pool_; }
  const call_options& options() const { return options_; }

 private:
  static host_options settings(asio::io_context& on) {
    host_options made;
    made.drain_grace = duration::zero();
    made.callbacks = on.get_executor();
    return made;
  }

  const std::array<ready_call, call_kinds> calls_;
  call_options options_;
  host owner_;
  std::optional<pool> pool_;
};

void pool_caller::call(call_kind what, std::function<void(call_end)> then) {
  if (stop_.stop_requested()) stop_ = std::stop_source();
  const ready_call& made = of_.of(what);
  of_.calls().call(
      made.function, made.arguments, of_.options(),
      [stopped = stop_.get_token(), then = std::move(then)](const reply& told) {
        then(end_of(told, stopped.stop_requested()));
      },
      stop_.get_token());
}

}  // namespace

result<std::unique_ptr<target>> make_pool_target(asio::io_context& on, const engine& with,
                                                 const component& of, unsigned cells,
                                                 const call_shapes& shapes) {
  std::array<ready_call, call_kinds> calls;
  for (std::size_t i = 0; i < call_kinds; ++i) {
    const call_shape& shape = shapes.of[i];
    const auto function = of.world().find_export(shape.function);
    if (!function) return function.error();
    const auto json = wit::parse_json(shape.arguments);
    if (!json) return json.error();
    auto arguments = wit::arguments_from_json(**function, *json);
    if (!arguments) return arguments.error();
    calls[i] = {(*function)->qualified_name(), *std::move(arguments)};
  }
  auto made = std::make_unique<pool_target>(on, with, std::move(calls), shapes.deadline);
  if (const auto opened = made->open(of, cells); !opened) return opened.error();
  return std::unique_ptr<target>(std::move(made));
}

}  // namespace holdfast::cli::load
