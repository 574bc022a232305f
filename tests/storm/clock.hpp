// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <holdfast/duration.hpp>
#include <memory>
#include <thread>
#include <utility>

/// What is done later: callers who leave, host functions that answer. One thread of its own.
namespace holdfast::storm {

class clock {
 public:
  clock() : busy_(boost::asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  /// What is not due yet is dropped.
  ~clock() {
    busy_.reset();
    context_.stop();
    thread_.join();
  }

  void after(duration wait, std::function<void()> what) {
    auto timer = std::make_shared<boost::asio::steady_timer>(context_, wait);
    timer->async_wait([timer, what = std::move(what)](boost::system::error_code) { what(); });
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
  std::thread thread_;
};

}  // namespace holdfast::storm
