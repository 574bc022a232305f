// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "serve/task.hpp"

/// A collector on loopback that keeps what it is sent, and answers as a test wants.
namespace holdfast::testing_support {

class fake_collector {
 public:
  /// What it says to each request, byte by byte; empty: nothing, and the connection stays open.
  explicit fake_collector(std::string answer);
  fake_collector() : fake_collector(ok()) {}  ///< it takes everything
  fake_collector(const fake_collector&) = delete;
  fake_collector& operator=(const fake_collector&) = delete;
  ~fake_collector();

  static std::string ok(std::string_view body = "{}") { return with_status("200 OK", body); }
  static std::string with_status(std::string_view status, std::string_view body = "{}");

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const noexcept { return port_; }
  void answer_with(std::string next);

  /// Waits until so many requests have come.
  void wait_for(std::size_t requests);
  /// Of all requests, each with its body as `json`.
  struct question {
    std::string target;
    std::string authorization;
    std::string content_type;
    boost::json::object json;
  };
  std::vector<question> questions() const;
  std::size_t connections() const;

  /// All spans that have come.
  std::vector<boost::json::object> spans() const;
  /// The only one with that name; an empty one, and the test fails, where there is none or there are several.
  boost::json::object span(std::string_view name) const;

 private:
  serve::task<void> accept();
  serve::task<void> serve_one(std::size_t which);

  boost::asio::io_context context_{1};
  struct sockets;
  const std::unique_ptr<sockets> sockets_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::string answer_;
  std::vector<question> questions_;
  std::size_t connections_ = 0;
  std::thread thread_;
};

/// A member of a span: `traceId`, `name`.
std::string text_of(const boost::json::object& span, const char* member);
/// An attribute of a span as a text, whatever its type; empty: it has none of that name.
std::string attribute_of(const boost::json::object& span, std::string_view name);
/// Whether its status is that of an error.
bool has_failed(const boost::json::object& span);

}  // namespace holdfast::testing_support
