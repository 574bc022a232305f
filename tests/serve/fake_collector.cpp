// SPDX-License-Identifier: Apache-2.0
#include "serve/fake_collector.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <deque>

namespace holdfast::testing_support {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using serve::task;
using serve::use_tuple;
using tcp_socket = asio::basic_stream_socket<tcp, serve::loop_executor>;

struct fake_collector::sockets {
  explicit sockets(asio::io_context& on) : listens(on, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  asio::basic_socket_acceptor<tcp, serve::loop_executor> listens;
  std::deque<tcp_socket> open;
};

fake_collector::fake_collector(std::string answer)
    : sockets_(std::make_unique<sockets>(context_)),
      port_(sockets_->listens.local_endpoint().port()),
      answer_(std::move(answer)) {
  asio::co_spawn(context_, accept(), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
}

fake_collector::~fake_collector() {
  context_.stop();
  thread_.join();
}

std::string fake_collector::with_status(std::string_view status, std::string_view body) {
  std::string text = "HTTP/1.1 ";
  text += status;
  text += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

void fake_collector::answer_with(std::string next) {
  const std::scoped_lock lock(mutex_);
  answer_ = std::move(next);
}

task<void> fake_collector::accept() {
  for (;;) {
    auto [failed, socket] = co_await sockets_->listens.async_accept(use_tuple);
    if (failed) co_return;
    sockets_->open.emplace_back(std::move(socket));
    {
      const std::scoped_lock lock(mutex_);
      ++connections_;
    }
    asio::co_spawn(context_, serve_one(sockets_->open.size() - 1), asio::detached);
  }
}

task<void> fake_collector::serve_one(std::size_t which) {
  tcp_socket& socket = sockets_->open[which];
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(64U << 20);
    const auto [failed, got] = co_await http::async_read(socket, buffer, parser, use_tuple);
    if (failed) co_return;
    const auto& asked = parser.get();
    boost::system::error_code wrong;
    const auto json = boost::json::parse(asked.body(), wrong);
    EXPECT_FALSE(wrong) << asked.body();
    std::string answer;
    {
      const std::scoped_lock lock(mutex_);
      questions_.push_back({std::string(asked.target()), std::string(asked[http::field::authorization]),
                            std::string(asked[http::field::content_type]),
                            json.is_object() ? json.as_object() : boost::json::object()});
      answer = answer_;
    }
    more_.notify_all();
    if (answer.empty()) continue;
    const auto [unsent, put] = co_await asio::async_write(socket, asio::buffer(answer), use_tuple);
    if (unsent) co_return;
  }
}

void fake_collector::wait_for(std::size_t requests) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(more_.wait_for(lock, std::chrono::seconds(60), [&] { return questions_.size() >= requests; }));
}

std::vector<fake_collector::question> fake_collector::questions() const {
  const std::scoped_lock lock(mutex_);
  return questions_;
}

std::size_t fake_collector::connections() const {
  const std::scoped_lock lock(mutex_);
  return connections_;
}

std::vector<boost::json::object> fake_collector::spans() const {
  std::vector<boost::json::object> all;
  for (const question& each : questions())
    for (const auto& of : each.json.at("resourceSpans").as_array())
      for (const auto& scope : of.at("scopeSpans").as_array())
        for (const auto& span : scope.at("spans").as_array()) all.push_back(span.as_object());
  return all;
}

boost::json::object fake_collector::span(std::string_view name) const {
  std::vector<boost::json::object> found;
  std::string names;
  for (auto& each : spans()) {
    names += "`" + text_of(each, "name") + "` ";
    if (text_of(each, "name") == name) found.push_back(std::move(each));
  }
  EXPECT_EQ(found.size(), 1U) << name << " among " << names;
  return found.size() == 1 ? found.front() : boost::json::object();
}

std::string text_of(const boost::json::object& span, const char* member) {
  const auto* found = span.if_contains(member);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::string attribute_of(const boost::json::object& span, std::string_view name) {
  const auto* all = span.if_contains("attributes");
  if (all == nullptr) return {};
  for (const auto& each : all->as_array()) {
    if (each.at("key").as_string() != boost::json::string_view(name.data(), name.size())) continue;
    const auto& value = each.at("value").as_object().begin()->value();
    return value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
  }
  return {};
}

bool has_failed(const boost::json::object& span) {
  const auto* status = span.if_contains("status");
  const auto* code = status != nullptr ? status->as_object().if_contains("code") : nullptr;
  return code != nullptr && code->as_int64() == 2;
}

}  // namespace holdfast::testing_support
