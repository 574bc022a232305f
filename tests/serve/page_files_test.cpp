// SPDX-License-Identifier: Apache-2.0
#include "serve/page_files.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <string>

#include "support/contents_of.hpp"

using namespace holdfast::serve;
using holdfast::testing_support::contents_of;
using testing::StartsWith;

TEST(page_files, are_the_files_of_the_source_tree_byte_for_byte) {
  const std::filesystem::path root = std::filesystem::path(HOLDFAST_SOURCE_DIR) / "src/serve";
  std::set<std::string> there;
  for (const auto& file : std::filesystem::directory_iterator(root / "page")) {
    there.insert("page/" + file.path().filename().string());
  }
  std::set<std::string> embedded;
  for (const auto& file : page_files()) {
    embedded.emplace(file.path);
    EXPECT_EQ(file.content, contents_of(root / file.path)) << file.path;
  }
  EXPECT_EQ(embedded, there);
}

TEST(page_files, have_a_tag_each_that_names_their_content) {
  std::set<std::string_view> tags;
  for (const auto& file : page_files()) {
    EXPECT_THAT(file.etag, testing::MatchesRegex("\"[0-9a-f]+\"")) << file.path;
    tags.insert(file.etag);
  }
  EXPECT_EQ(tags.size(), page_files().size());
}

TEST(page_files, are_found_by_the_path_that_a_browser_asks_for) {
  const auto* page = find_page_file("/");
  ASSERT_NE(page, nullptr);
  EXPECT_THAT(page->content, StartsWith("<!doctype html>"));
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");

  const auto* style = find_page_file("/page/page.css");
  ASSERT_NE(style, nullptr);
  EXPECT_EQ(style->content_type, "text/css; charset=utf-8");

  const auto* script = find_page_file("/page/page.js");
  ASSERT_NE(script, nullptr);
  EXPECT_EQ(script->content_type, "text/javascript; charset=utf-8");
}

TEST(page_files, are_not_found_by_another_path) {
  for (const auto* path : {"", "/page", "/page/", "/page/nobody.js", "page/page.css", "//page/page.css",
                           "/page/../page/page.css", "/page/index.html", "/PAGE/page.css"}) {
    EXPECT_EQ(find_page_file(path), nullptr) << path;
  }
}
