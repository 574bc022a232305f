// SPDX-License-Identifier: Apache-2.0
#include "wit/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

using namespace holdfast;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

wit::world shop() {
  const auto function = [](std::string name, std::string interface, std::uint32_t index) {
    wit::function f;
    f.name = std::move(name);
    f.interface = std::move(interface);
    f.index = index;
    return f;
  };
  const std::string orders = "acme:shop/orders@1.2.0";
  wit::world w;
  w.exports.functions = {function("greet", "", 0), function("trim", "", 1)};
  w.exports.interfaces.emplace_back().name = orders;
  w.exports.interfaces.back().functions = {function("place", orders, 2),
                                           function("[method]cart.add", orders, 3)};
  return w;
}

cancel_contract contract(const wit::world& of, std::string_view name) {
  return of.find_export(name).value()->contract;
}

std::string refused(std::string_view text) {
  wit::world w = shop();
  const auto applied = apply_manifest(w, text, "m.json");
  EXPECT_FALSE(applied.has_value()) << text;
  if (applied) return "";
  EXPECT_EQ(applied.error(), errc::bad_contract);
  EXPECT_EQ(applied.error(), effect::not_executed);
  return applied.error().detail;
}

}  // namespace

TEST(manifest, marks_exports_by_every_way_of_writing_a_name) {
  wit::world w = shop();
  ASSERT_TRUE(apply_manifest(w, R"({
    "exports": {
      "greet": ["read-only", "kill-safe"],
      "orders.place": ["idempotent"],
      "acme:shop/orders#cart.add": []
    }
  })",
                             "m.json"));
  EXPECT_EQ(contract(w, "greet"), cancel_mark::read_only | cancel_mark::kill_safe);
  EXPECT_EQ(contract(w, "place"), cancel_mark::idempotent);
  EXPECT_TRUE(contract(w, "cart.add").empty());
}

TEST(manifest, replaces_what_was_marked_before_and_leaves_the_rest) {
  wit::world w = shop();
  w.exports.functions[0].contract = cancel_mark::kill_safe;
  w.exports.functions[1].contract = cancel_mark::kill_safe;
  ASSERT_TRUE(apply_manifest(w, R"({"exports":{"greet":["none"]}})", "m.json"));
  EXPECT_TRUE(contract(w, "greet").empty());
  EXPECT_EQ(contract(w, "trim"), cancel_mark::kill_safe);
}

TEST(manifest, may_be_empty) {
  wit::world w = shop();
  EXPECT_TRUE(apply_manifest(w, "{}", "m.json"));
  EXPECT_TRUE(apply_manifest(w, " { \"exports\" : { } } \n", "m.json"));
}

TEST(manifest, with_an_unknown_export_names_place_and_nearest) {
  EXPECT_EQ(refused("{\"exports\": {\n  \"gret\": [\"read-only\"]}}"),
            "m.json:2:3: no export `gret`; the nearest is `greet`");
  EXPECT_EQ(refused(R"({"exports": {"orders#plce": []}})"),
            "m.json:1:14: no export `orders#plce`; the nearest is `acme:shop/orders@1.2.0#place`");
}

TEST(manifest, with_an_unknown_mark_names_place_and_nearest) {
  EXPECT_EQ(refused("{\"exports\":\n {\"greet\": [\"read-only\",\n   \"killsafe\"]}}"),
            "m.json:3:4: no mark `killsafe`; the nearest is `kill-safe`");
  EXPECT_THAT(refused(R"({"exports":{"greet":["read-only","read-only"]}})"),
              AllOf(StartsWith("m.json:1:34: "), HasSubstr("given twice")));
}

TEST(manifest, that_names_an_export_twice_is_refused_in_whatever_spelling) {
  EXPECT_EQ(refused("{\"exports\": {\"place\": [],\n\"orders.place\": []}}"),
            "m.json:2:1: `acme:shop/orders@1.2.0#place` is given twice, first at line 1");
  EXPECT_THAT(refused(R"({"exports":{},"exports":{}})"), HasSubstr("m.json:1:15: `exports` is given twice"));
}

TEST(manifest, with_wrong_json_is_refused_with_line_and_column) {
  EXPECT_EQ(refused(""), "m.json:1:1: expected an object, got the end");
  EXPECT_EQ(refused("[]"), "m.json:1:1: expected an object, got a list");
  EXPECT_EQ(refused("{\n\n  42}"), "m.json:3:3: expected text in quotes, got `42`");
  EXPECT_EQ(refused(R"({"marks": {}})"), "m.json:1:2: no member `marks`; a manifest has `exports` alone");
  EXPECT_EQ(refused(R"({"exports" {}})"), "m.json:1:12: expected `:`, got an object");
  EXPECT_EQ(refused(R"({"exports": []})"), "m.json:1:13: expected an object, got a list");
  EXPECT_EQ(refused(R"({"exports": {"greet": "read-only"}})"),
            "m.json:1:23: expected a list of marks, such as [\"idempotent\"], got text");
  EXPECT_EQ(refused(R"({"exports": {"greet": [true]}})"), "m.json:1:24: expected text in quotes, got `true`");
  EXPECT_EQ(refused(R"({"exports": {"greet": ["read-only",]}})"),
            "m.json:1:36: expected text in quotes, got `]`");
  EXPECT_EQ(refused(R"({"exports": {"greet": [] "trim": []}})"),
            "m.json:1:26: expected `,` or `}`, got text");
  EXPECT_EQ(refused(R"({"exports": {"greet)"), "m.json:1:14: the text is not closed on its line");
  EXPECT_EQ(refused("{\"exports\": {\"greet\n\": []}}"), "m.json:1:14: the text is not closed on its line");
  EXPECT_EQ(refused(R"({"exports": {"greet\)"), "m.json:1:14: the text is not closed on its line");
  EXPECT_THAT(refused(R"({"exports": {"gre\qet": []}})"), StartsWith("m.json:1:14: not JSON"));
  EXPECT_EQ(refused("{} {}"), "m.json:1:4: unexpected text after the manifest");
  EXPECT_EQ(refused("{\"é\xff\": 1}"), "m.json:1:4: the text is not UTF-8");
}

TEST(manifest, counts_columns_in_characters) {
  EXPECT_THAT(refused("{\"exports\": {\"gr\u00e9et\": []}}"),
              StartsWith("m.json:1:14: no export `gr\u00e9et`"));
  EXPECT_THAT(refused("{\"exports\": {\"greet\": [\"\u00e9\", 7]}}"), StartsWith("m.json:1:24: no mark"));
}

TEST(manifest, stands_beside_its_component) {
  EXPECT_EQ(wit::manifest_beside("/srv/app.wasm"), "/srv/app.holdfast.json");
  EXPECT_EQ(wit::manifest_beside("app.v2.wasm"), "app.v2.holdfast.json");
  EXPECT_EQ(wit::manifest_beside("app"), "app.holdfast.json");
}

TEST(manifest, that_cannot_be_read_is_told_so) {
  wit::world w = shop();
  EXPECT_THAT(wit::load_manifest(w, "/no/such.json").error().detail,
              StartsWith("/no/such.json: No such file or directory"));
  EXPECT_THAT(wit::load_manifest(w, "/").error().detail, HasSubstr("is a directory"));
  EXPECT_THAT(wit::load_manifest(w, "/dev/zero").error().detail, HasSubstr("at most 1 MiB"));
}
