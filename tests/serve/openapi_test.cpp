// SPDX-License-Identifier: Apache-2.0
#include "serve/openapi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <holdfast/outcome.hpp>
#include <set>

#include "serve/served.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;
namespace json = boost::json;
using testing::ElementsAre;
using wit::kind;
using wit::type;

wit::function exported(std::string name, std::string interface = {}) {
  wit::function made;
  made.name = std::move(name);
  made.interface = std::move(interface);
  return made;
}

// One component of these exports.
json::object document_of(std::vector<wit::function> exports, bool has_actors = false,
                         const server_settings& settings = {}) {
  wit::world world;
  for (wit::function& each : exports) {
    if (each.interface.empty()) {
      world.exports.functions.push_back(std::move(each));
    } else {
      const std::string name = each.interface;
      world.exports.interfaces.push_back({.name = name, .functions = {}, .others = {}, .interfaces = {}});
      world.exports.interfaces.back().functions.push_back(std::move(each));
    }
  }
  const described_component one{"shop 1", has_actors, &world};
  return openapi_document({&one, 1}, settings);
}

const json::value& at(const json::object& document, std::string_view path) {
  return document.at("paths").at(path).at("post");
}

std::set<std::string> keys(const json::value& of) {
  std::set<std::string> all;
  for (const auto& each : of.as_object()) all.emplace(each.key());
  return all;
}

// Every reference leads somewhere.
void follow(const json::value& v, const json::value& document) {
  if (v.is_array())
    for (const json::value& each : v.get_array()) follow(each, document);
  if (!v.is_object()) return;
  for (const auto& [name, held] : v.get_object()) {
    if (name == "$ref") {
      boost::system::error_code failed;
      EXPECT_NE(document.find_pointer(held.as_string().subview(1), failed), nullptr) << held;
    }
    follow(held, document);
  }
}

TEST(openapi, has_a_path_for_each_export_with_its_name_encoded) {
  const json::object made =
      document_of({exported("price"), exported("[method]cart.add", "acme:shop/carts@1.0.0")});
  EXPECT_NE(made.at("paths").as_object().if_contains("/v1/call/shop%201/price"), nullptr);
  EXPECT_NE(made.at("paths").as_object().if_contains(
                "/v1/call/shop%201/acme:shop/carts@1.0.0%23%5Bmethod%5Dcart.add"),
            nullptr);
}

TEST(openapi, has_the_key_of_an_actor_as_a_parameter) {
  const json::object made = document_of({exported("add")}, true);
  EXPECT_EQ(at(made, "/v1/actors/shop%201/{key}/add").at("parameters").as_array().front().at("$ref"),
            "#/components/parameters/actor-key");
}

TEST(openapi, tells_documentation_and_contract_of_an_export) {
  wit::function price = exported("price");
  price.docs = "What it costs.";
  price.contract = cancel_mark::read_only | cancel_mark::kill_safe;
  const json::object made = document_of({price});
  EXPECT_EQ(at(made, "/v1/call/shop%201/price").at("description"), "What it costs.");
  EXPECT_EQ(at(made, "/v1/call/shop%201/price").at("x-holdfast-contract"),
            (json::array{"read-only", "kill-safe"}));
}

TEST(openapi, names_the_exports_that_it_leaves_out) {
  wit::function open = exported("open");
  open.result = type::own("cart", 0);
  const json::object made = document_of({open, exported("snapshot", "holdfast:actor/lifecycle@0.1.0")}, true);
  const json::array& out = made.at("x-holdfast-left-out").as_array();
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].at("export"), "open");
  EXPECT_EQ(out[1].at("why"), "Holdfast alone calls it");
  EXPECT_FALSE(made.at("paths").as_object().contains("/v1/actors/shop%201/{key}/open"));
}

TEST(openapi, has_every_status_that_stands_for_an_error) {
  const json::object made = document_of({exported("price")});
  EXPECT_EQ(keys(at(made, "/v1/call/shop%201/price").at("responses")),
            (std::set<std::string>{"200", "202", "400", "403", "404", "408", "409", "413", "414", "415",
                                   "422", "429", "431", "500", "503", "504"}));
}

TEST(openapi, knows_every_outcome) {
  const json::object made = document_of({});
  json::array all;
  for (int i = 1; i <= static_cast<int>(outcome::lost_in_crash); ++i)
    all.emplace_back(holdfast::to_string(static_cast<outcome>(i)));
  EXPECT_EQ(made.at("components").at("schemas").at("outcome").at("enum"), all);
}

TEST(openapi, asks_for_a_token_where_principals_are_known) {
  server_settings settings;
  EXPECT_FALSE(document_of({}).contains("security"));
  settings.principals.push_back({.name = "ann", .token_sha256 = std::string(64, 'a')});
  settings.principals.push_back({.name = "bob", .certificate_subject = "bob"});
  const json::object made = document_of({exported("price")}, false, settings);
  EXPECT_EQ(keys(made.at("components").at("securitySchemes")),
            (std::set<std::string>{"certificate", "token"}));
  EXPECT_EQ(made.at("security").as_array().size(), 2U);
  EXPECT_TRUE(keys(at(made, "/v1/call/shop%201/price").at("responses")).contains("401"));
  EXPECT_FALSE(keys(made.at("paths").at("/livez").at("get").at("responses")).contains("401"));
}

TEST(openapi, has_no_reference_that_leads_nowhere) {
  const json::value made = document_of({exported("price")}, true);
  follow(made, made);
}

class openapi_route : public served_test {};

TEST_F(openapi_route, answers_the_document_of_what_is_served) {
  start();
  const raw_answer told = ask(request("GET", "/openapi.json"));
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.fields.at("content-type"), "application/json");
  const json::object made = json(told);
  EXPECT_EQ(text(made, "openapi"), "3.1.0");
  EXPECT_EQ(at(made, "/v1/call/counting/add").at("summary"), "add: func(a: u32, b: u32) -> u32");
}

TEST_F(openapi_route, does_not_send_what_the_client_has) {
  start();
  const raw_answer told = ask(request("GET", "/openapi.json"));
  const raw_answer again =
      ask(request("GET", "/openapi.json", "If-None-Match: " + told.fields.at("etag") + "\r\n"));
  EXPECT_EQ(again.status, 304U);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(ask(request("GET", "/openapi.json", "If-None-Match: \"x\"\r\n")).status, 200U);
  EXPECT_EQ(ask(request("POST", "/openapi.json")).status, 405U);
}

TEST_F(openapi_route, changes_when_another_component_is_served) {
  start();
  const std::string before = ask(request("GET", "/openapi.json")).fields.at("etag");
  EXPECT_EQ(ask(request("GET", "/openapi.json")).fields.at("etag"), before);
  add("second", counting_guest);
  ASSERT_TRUE(running->reload(settings));
  const raw_answer told = ask(request("GET", "/openapi.json", "If-None-Match: " + before + "\r\n"));
  EXPECT_EQ(told.status, 200U);
  EXPECT_NE(told.fields.at("etag"), before);
  EXPECT_TRUE(json(told).at("paths").as_object().contains("/v1/call/second/add"));
}

TEST_F(openapi_route, is_for_those_who_are_known) {
  settings.server.principals.push_back({.name = "ann", .token_sha256 = std::string(64, 'a')});
  start();
  EXPECT_EQ(ask(request("GET", "/openapi.json")).status, 401U);
}

}  // namespace
}  // namespace holdfast::serve
