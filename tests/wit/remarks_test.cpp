// SPDX-License-Identifier: Apache-2.0
#include "wit/remarks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/scratch_folder.hpp"

using namespace holdfast;
using holdfast::testing_support::scratch_folder;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

// A component's exports by their full names.
wit::world exporting(const std::vector<std::string>& names) {
  wit::world w;
  for (const std::string& name : names) {
    const std::size_t hash = name.rfind('#');
    wit::interface* in = &w.exports;
    if (hash != std::string::npos) {
      for (auto& each : w.exports.interfaces)
        if (each.name == name.substr(0, hash)) in = &each;
      if (in == &w.exports) {
        in = &w.exports.interfaces.emplace_back();
        in->name = name.substr(0, hash);
      }
    }
    wit::function& f = in->functions.emplace_back();
    f.name = hash == std::string::npos ? name : name.substr(hash + 1);
    f.interface = in->name;
    f.index = static_cast<std::uint32_t>(w.exported_functions().size() - 1);
  }
  return w;
}

const wit::function& in(const wit::world& w, std::string_view name) { return **w.find_export(name); }

void apply_to(wit::world& to, const std::filesystem::path& path, std::string_view of_world = {}) {
  const auto applied = wit::apply_wit(to, path, of_world);
  EXPECT_TRUE(applied.has_value()) << applied.error().detail;
}

std::string refused(wit::world to, const std::filesystem::path& path, std::string_view of_world = {}) {
  const auto applied = wit::apply_wit(to, path, of_world);
  EXPECT_FALSE(applied.has_value());
  if (applied) return "";
  EXPECT_EQ(applied.error(), errc::bad_contract);
  EXPECT_EQ(applied.error().detail.find('\n'), std::string::npos) << applied.error().detail;
  return applied.error().detail;
}

constexpr const char* shop = R"(package acme:shop@1.2.0;

/// All about orders.
/// @holdfast: kill-safe
interface orders {
  /// Places one.
  place: func();
  /// Looks one up.
  /// @holdfast: read-only
  find: func();
  /// @holdfast: none
  trim: func();
  resource cart {
    /// Adds to it.
    /// @holdfast: idempotent
    add: func();
  }
}

/// The shop.
world shop {
  import orders;
  /// Greets.
  /// @holdfast: read-only
  export greet: func();
  export orders;
  export till: interface {
    /// Opens.
    /// @holdfast: idempotent
    open: func();
  }
}
)";

const std::vector<std::string> shop_exports = {"greet",
                                               "acme:shop/orders@1.2.0#place",
                                               "acme:shop/orders@1.2.0#find",
                                               "acme:shop/orders@1.2.0#trim",
                                               "acme:shop/orders@1.2.0#[method]cart.add",
                                               "till#open"};

}  // namespace

TEST(wit_comments, document_and_mark_functions_of_worlds_and_interfaces) {
  const scratch_folder folder;
  wit::world w = exporting(shop_exports);
  apply_to(w, folder.write("shop.wit", shop));
  EXPECT_EQ(in(w, "greet").docs, "Greets.");
  EXPECT_EQ(in(w, "greet").contract, cancel_mark::read_only);
  EXPECT_EQ(in(w, "cart.add").docs, "Adds to it.");
  EXPECT_EQ(in(w, "cart.add").contract, cancel_mark::idempotent);
  EXPECT_EQ(in(w, "till#open").contract, cancel_mark::idempotent);
  EXPECT_EQ(w.exports.interfaces[0].docs, "All about orders.");
}

TEST(wit_comments, on_an_interface_mark_the_functions_that_have_no_marks_of_their_own) {
  const scratch_folder folder;
  wit::world w = exporting(shop_exports);
  apply_to(w, folder.write("shop.wit", shop));
  EXPECT_EQ(in(w, "place").contract, cancel_mark::kill_safe);
  EXPECT_EQ(in(w, "find").contract, cancel_mark::read_only);
  EXPECT_TRUE(in(w, "trim").contract.empty());
}

TEST(wit_comments, on_the_export_of_an_interface_come_before_the_interfaces_own) {
  const scratch_folder folder;
  folder.write("deps/shop.wit", shop);
  folder.write("mine.wit", R"(package my:app;
    world app {
      /// As we sell it.
      /// @holdfast: read-only
      export acme:shop/orders@1.2.0;
    })");
  wit::world w = exporting(shop_exports);
  apply_to(w, folder.path());
  EXPECT_EQ(in(w, "place").contract, cancel_mark::read_only);
  EXPECT_TRUE(in(w, "trim").contract.empty());
  EXPECT_EQ(w.exports.interfaces[0].docs, "As we sell it.");
}

TEST(wit_comments, follow_includes_and_deps_in_files_folders_and_links) {
  const scratch_folder folder;
  const scratch_folder shared;
  shared.write("base.wit", R"(package acme:base;
    world base {
      /// From the base.
      /// @holdfast: idempotent
      export base: func();
    })");
  std::filesystem::create_directory(folder.path() / "deps");
  std::filesystem::create_directory_symlink(shared.path(), folder.path() / "deps/base");
  folder.write("a.wit",
               "package my:app;\nworld app { include acme:base/base; export b; export run: func(); }");
  folder.write("b.wit", "package my:app;\ninterface b { /// Here.\n f: func(); }");
  wit::world w = exporting({"base", "my:app/b#f", "run"});
  apply_to(w, folder.path());
  EXPECT_EQ(in(w, "base").docs, "From the base.");
  EXPECT_EQ(in(w, "base").contract, cancel_mark::idempotent);
  EXPECT_EQ(in(w, "b#f").docs, "Here.");
}

TEST(wit_comments, are_found_under_another_version_where_the_wit_has_but_one) {
  const scratch_folder folder;
  wit::world w = exporting({"acme:shop/orders@1.2.7#find"});
  apply_to(w, folder.write("shop.wit", shop));
  EXPECT_EQ(in(w, "find").contract, cancel_mark::read_only);
}

TEST(wit_comments, on_what_the_component_does_not_export_are_left_alone) {
  const scratch_folder folder;
  wit::world w = exporting({"greet", "other"});
  w.exports.functions[1].docs = "As before.";
  w.exports.functions[1].contract = cancel_mark::kill_safe;
  apply_to(w, folder.write("shop.wit", shop));
  EXPECT_EQ(in(w, "greet").contract, cancel_mark::read_only);
  EXPECT_EQ(in(w, "other").docs, "As before.");
  EXPECT_EQ(in(w, "other").contract, cancel_mark::kill_safe);
}

TEST(wit_comments, that_are_about_none_of_the_exports_are_the_wrong_wit) {
  const scratch_folder folder;
  EXPECT_THAT(refused(exporting({"unrelated"}), folder.write("shop.wit", shop)),
              HasSubstr("shop.wit: describes none of the component's exports"));
  wit::world none;
  apply_to(none, folder.path());
}

TEST(wit_comments, with_a_wrong_mark_are_refused_with_file_line_and_column) {
  const scratch_folder folder;
  const auto path = folder.write("w.wit", R"(package a:b;
world w {
  /// @holdfast: idempotnt
  export f: func();
})");
  EXPECT_EQ(refused(exporting({"f"}), path),
            path + ":4:10: no mark `idempotnt`; the nearest is `idempotent`");
}

TEST(wit_comments, with_marks_where_none_may_stand_are_refused) {
  const scratch_folder folder;
  for (const char* wit : {
           "/// @holdfast: read-only\npackage a:b; world w { export f: func(); }",
           "package a:b;\n/// @holdfast: read-only\nworld w { export f: func(); }",
           "package a:b; interface i {\n/// @holdfast: read-only\nrecord r { x: u8 } } world w { export f: "
           "func(); }",
       })
    EXPECT_THAT(refused(exporting({"f"}), folder.write("w.wit", wit)),
                AllOf(HasSubstr("w.wit"), HasSubstr("marks stand on functions and interfaces")));
}

TEST(wit_comments, choose_the_world_that_shares_most_with_the_component) {
  const scratch_folder folder;
  const auto path = folder.write("w.wit", R"(package a:b;
    world small { /// Small.
      export f: func(); }
    world large { /// Large.
      export f: func();
      export g: func(); })");
  wit::world both = exporting({"f", "g"});
  apply_to(both, path);
  EXPECT_EQ(in(both, "f").docs, "Large.");
  wit::world one = exporting({"f"});
  apply_to(one, path);
  EXPECT_EQ(in(one, "f").docs, "Small.");
}

TEST(wit_comments, of_worlds_that_fit_alike_and_differ_need_a_choice) {
  const scratch_folder folder;
  const auto path = folder.write("w.wit", R"(package a:b@1.0.0;
    world one { /// @holdfast: read-only
      export f: func(); }
    world two { export f: func(); })");
  EXPECT_THAT(refused(exporting({"f"}), path), AllOf(StartsWith(path), HasSubstr("`a:b/one@1.0.0`"),
                                                     HasSubstr("`a:b/two@1.0.0`"), HasSubstr("name one")));
  for (const char* name : {"one", "a:b/one", "a:b/one@1.0.0"}) {
    wit::world w = exporting({"f"});
    apply_to(w, path, name);
    EXPECT_EQ(in(w, "f").contract, cancel_mark::read_only) << name;
  }
  EXPECT_THAT(refused(exporting({"f"}), path, "three"),
              HasSubstr("no world `three`; there are `a:b/one@1.0.0`"));
}

TEST(wit_comments, of_a_wit_that_is_wrong_are_refused_in_one_line_with_its_place) {
  const scratch_folder folder;
  const auto told = [&](std::string_view text) {
    return refused(exporting({"f"}), folder.write("w.wit", text));
  };
  EXPECT_THAT(told("package a:b;\nworld w { export f func(); }"), HasSubstr("w.wit:2:20: "));
  EXPECT_THAT(told("package a:b;\nworld w {\n  export f: func(x: missing); }"), HasSubstr("w.wit:3:21: "));
  EXPECT_THAT(told("package a:b;\nworld w {\n  import c:d/e; }"), HasSubstr("w.wit:3:10: "));
  EXPECT_THAT(told("package a:b; \x01"), HasSubstr("w.wit:"));
  EXPECT_THAT(refused(exporting({"f"}), folder.path() / "none"), HasSubstr("none: No such file"));
  const scratch_folder empty;
  EXPECT_THAT(refused(exporting({"f"}), empty.path()), HasSubstr("no .wit file"));
}
