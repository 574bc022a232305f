// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>
#include <string>

#include "core/fakes.hpp"
#include "serve/listen_address.hpp"
#include "serve/raw_client.hpp"
#include "serve/server.hpp"
#include "support/contents_of.hpp"
#include "support/counting_guest.hpp"
#include "support/scratch_folder.hpp"

/// A server on loopback, with a guest that does what a test wants.
namespace holdfast::testing_support {

using namespace std::chrono_literals;

class served_test : public testing::Test {
 protected:
  served_test() {
    add("counting", counting_guest);
    settings.log = {.access = "off", .guests = "off"};
  }

  /// One more component, before `start`.
  serve::component_settings& add(const std::string& name, const std::string& text) {
    settings.components.push_back({.name = name, .path = folder.write(name + ".wat", text)});
    return settings.components.back();
  }
  /// ... which is the web application of guests/text/http.wat.
  serve::component_settings& add_web(const std::string& name) {
    return add(name, contents_of(HOLDFAST_GUESTS_DIR "/http.wat"));
  }
  void start() {
    if (settings.server.listen.empty())
      settings.server.listen.push_back(serve::parse_listen_address("127.0.0.1:0").value());
    settings.engine.max_instances = 64;
    auto made = serve::server::start(settings, parts);
    ASSERT_TRUE(made) << made.error().message();
    running = *std::move(made);
    port = running->addresses().front().port;
    const auto ready = running->wait_ready(60s);
    ASSERT_TRUE(ready) << ready.error().message();
  }
  raw_answer ask(std::string_view bytes) const { return raw_client(port).ask(bytes); }
  static boost::json::object json(const raw_answer& told) {
    boost::system::error_code failed;
    const auto value = boost::json::parse(told.body, failed);
    EXPECT_FALSE(failed) << told.body;
    return value.is_object() ? value.as_object() : boost::json::object();
  }
  static std::string text(const boost::json::object& of, const char* name) {
    const auto* const found = of.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
  }

  const scratch_folder folder;
  serve::config settings;
  serve::server_parts parts;
  std::unique_ptr<serve::server> running;
  std::uint16_t port = 0;
};

}  // namespace holdfast::testing_support
