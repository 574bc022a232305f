// SPDX-License-Identifier: Apache-2.0
#include <holdfast/engine.hpp>
#include <utility>

#include "engine/bridge_error.hpp"
#include "engine/engine_impl.hpp"
#include "engine/pipes.hpp"

namespace holdfast {

result<engine> engine::make(const engine_options& options) {
  if (options.tick < duration::zero() || options.tick > std::chrono::milliseconds(5))
    return error(errc::limit, "the tick must be at most 5 ms");
  hfb_engine_config config{};
  config.max_instances = options.max_instances;
  config.max_memory_bytes = options.max_memory;
  config.memory_reservation = options.memory_reservation;
  config.max_wasm_stack = options.max_stack;
  config.reactor_threads = options.reactor_threads;
  config.signal_traps = options.signal_traps;
  config.reuse_pages = options.reuse_pages;

  // In a child of a fork it is left as it is: its threads are the parent's, and there is nobody to join.
  const std::shared_ptr<impl> made(new impl, [](impl* which) {
    if (!which->began.forked()) delete which;
  });
  made->options = options;
  bridge::use_pipes();
  hfb_engine* raw = nullptr;
  if (hfb_error* failed = hfb_engine_new(&config, &raw)) return bridge::to_error(failed);
  made->handle.reset(raw);
  made->ticker.listen([raw](time_point) { hfb_engine_tick(raw); });
  if (options.tick > duration::zero()) made->ticker.start(options.tick);
  return engine(made);
}

engine::engine(const engine_options& options) : impl_(make(options).value().impl_) {}

const engine_options& engine::options() const noexcept { return impl_->options; }

std::string engine::version() {
  hfb_bytes text{};
  hfb_version(&text);
  const core::buffer held = bridge::buffer_of(text);
  return {reinterpret_cast<const char*>(held.bytes().data()), held.size()};
}

}  // namespace holdfast
