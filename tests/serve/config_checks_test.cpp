// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "serve/read_config.hpp"
#include "support/readings.hpp"
#include "support/scratch_folder.hpp"

using namespace holdfast;
using namespace holdfast::serve;
using namespace holdfast::testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

const std::string digits(64, 'a');

std::string wrong(const std::string& text) { return first_error(parse_config(text, "f")); }

std::string a_component(const std::string& name, const std::string& more = "") {
  return "[components." + name + "]\npath = \"a.wasm\"\n" + more + "\n";
}

}  // namespace

TEST(config_check, takes_names_of_components_that_fit_an_address) {
  EXPECT_EQ(wrong(a_component("Hello-2_b")), "no error");
  EXPECT_EQ(wrong(a_component("\"a.b\"")), "no error");
  EXPECT_EQ(wrong(a_component(std::string(64, 'a'))), "no error");
  for (const std::string& name : {std::string("\"\""), std::string("\"a b\""), std::string("\"a/b\""),
                                  std::string("\"..\""), std::string(65, 'a'), std::string("\"\\u00e4\"")})
    EXPECT_THAT(wrong(a_component(name)), HasSubstr("cannot be a component's name")) << name;
}

TEST(config_check, raises_the_number_of_instances_where_the_file_says_none) {
  const std::string text = a_component("a", "cells = 200\nrebuild = { spares = 10 }") +
                           a_component("b", "kind = \"actors\"\nresident = 150");
  const auto raised = parse_config(text, "f");
  EXPECT_THAT(lines(raised.errors), IsEmpty());
  EXPECT_EQ(raised.settings.engine.max_instances, 360U);
  EXPECT_EQ(wrong("engine = { max_instances = 359 }\n" + text),
            "f:1:12: the components need 360 instances (cells, spares and resident actors), and "
            "`max_instances` of `[engine]` is 359");
  EXPECT_EQ(wrong("engine = { max_instances = 360 }\n" + text), "no error");
}

TEST(config_check, refuses_more_memory_than_the_engine_allows) {
  EXPECT_THAT(wrong(a_component("a", "limits = { memory = \"2GiB\" }")),
              HasSubstr("`memory` is 2GiB, and `max_memory` of `[engine]` is 1GiB"));
  EXPECT_EQ(
      wrong("engine = { max_memory = \"2GiB\" }\n" + a_component("a", "limits = { memory = \"2GiB\" }")),
      "no error");
}

TEST(config_check, wants_a_credential_of_each_principal) {
  EXPECT_THAT(wrong("[[principals]]\nname = \"ops\""),
              HasSubstr("f:1:1: a principal needs `token_sha256` or"));
  EXPECT_THAT(wrong("[[principals]]\nname = \"ops\"\ntoken_sha256 = \"\""),
              HasSubstr("has to say something"));
  EXPECT_THAT(wrong("[[principals]]\ntoken_sha256 = \"" + digits + "\""), HasSubstr("needs a `name`"));
  EXPECT_THAT(wrong("[[principals]]\nname = \"ops\"\ntoken_sha256 = \"" + digits.substr(1) + "\""),
              HasSubstr("f:3:1: `token_sha256` has to be 64 hexadecimal digits"));
  EXPECT_THAT(wrong("[[principals]]\nname = \"ops\"\ntoken_sha256 = \"g" + digits.substr(1) + "\""),
              HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(wrong("[[principals]]\nname = \"ops\"\ncertificate_subject = \"ops\""),
              HasSubstr("needs `client_ca` of `[server.tls]`"));
  EXPECT_THAT(wrong("[server.tls]\ncertificate = \"c\"\nkey = \"k\"\n[[principals]]\nname = \"ops\"\n"
                    "certificate_subject = \"ops\""),
              HasSubstr("needs `client_ca` of `[server.tls]`"));
  EXPECT_THAT(wrong("[[principals]]\nname = \"o\"\ntoken_sha256 = \"" + digits + "\"\nrights = [\"all\"]"),
              HasSubstr("`all` is no right; there are `kill` and `drain`"));
}

TEST(config_check, tells_principals_apart) {
  const std::string one = "[[principals]]\nname = \"ops\"\ntoken_sha256 = \"" + digits + "\"\n";
  const auto read = parse_config(one + one, "f");
  EXPECT_THAT(lines(read.errors), ElementsAre(HasSubstr("f:5:1: there is another principal `ops`"),
                                              HasSubstr("f:6:1: another principal has the same token")));
}

TEST(config_check, wants_certificate_and_key_together) {
  EXPECT_THAT(wrong("[server.tls]\nkey = \"k\""), HasSubstr("`key` needs a `certificate`"));
  EXPECT_THAT(wrong("[server.tls]\ncertificate = \"k\""), HasSubstr("`certificate` needs a `key`"));
  EXPECT_THAT(wrong("[server.tls]\nclient_ca = \"k\""), HasSubstr("`tls` needs a `certificate`"));
  EXPECT_THAT(wrong("[server.tls]\n"), HasSubstr("`tls` needs a `certificate` and a `key`"));
}

TEST(config_check, refuses_to_listen_twice_at_one_place) {
  const auto listening = [](const std::string& list) {
    return wrong("server = { listen = [" + list + "] }");
  };
  EXPECT_THAT(listening(R"("127.0.0.1:80", "localhost:80")"),
              HasSubstr("f:1:38: `localhost:80` is listened on already, as `127.0.0.1:80`"));
  EXPECT_THAT(listening(R"("[::1]:80", "[0:0::1]:80")"), HasSubstr("is listened on already"));
  EXPECT_THAT(listening(R"("unix:a/s", "unix:a/../a/s")"), HasSubstr("is listened on already"));
  EXPECT_EQ(listening(R"("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:80", "127.0.0.2:80")"), "no error");
}

TEST(config_check, warns_of_an_open_door) {
  const auto warned = [](const std::string& text) { return lines(parse_config(text, "f").warnings); };
  EXPECT_THAT(warned("server = { listen = [\"0.0.0.0:80\", \"127.0.0.1:81\", \"unix:s\"] }"),
              ElementsAre(HasSubstr("anybody who reaches 0.0.0.0:80 may call")));
  EXPECT_THAT(warned("server = { listen = [\"127.3.2.1:80\", \"[::1]:80\"] }"), IsEmpty());
  EXPECT_THAT(warned("server = { listen = [\"[::]:80\"] }\n[[principals]]\nname = \"a\"\ntoken_sha256 = \"" +
                     digits + "\""),
              ElementsAre(HasSubstr("there is no `[server.tls]`")));
}

TEST(config_check, knows_whom_a_component_may_call) {
  EXPECT_EQ(wrong(a_component("a", "grants = { calls = [\"b\"] }") + a_component("b")), "no error");
  EXPECT_THAT(
      wrong(a_component("a", "grants = { calls = [\"ordes\"] }") + a_component("orders")),
      HasSubstr("f:3:12: `calls` names `ordes`, and no component is called so; the nearest is `orders`"));
}

TEST(config_check, names_each_file_that_is_not_there) {
  const scratch_folder folder;
  std::ofstream(folder / "here.wasm") << "x";
  std::filesystem::create_directory(folder / "data");
  std::ofstream(folder / "holdfast.toml") << R"(journal = "gone/calls.journal"
[server.tls]
certificate = "cert.pem"
key = "data"
[components.a]
path = "here.wasm"
grants = { directories = [{ host = "data", guest = "/d" }, { host = "here.wasm", guest = "/e" }] }
[components.b]
path = "b.wasm"
)";
  const auto read = read_config(folder / "holdfast.toml");
  const auto at = [&](const std::string& rest) { return (folder / "holdfast.toml") + ":" + rest; };
  EXPECT_THAT(lines(read.errors),
              ElementsAre(at("1:1: `journal`: ") + (folder / "gone") + ": No such file or directory",
                          at("3:1: `certificate`: ") + (folder / "cert.pem") + ": No such file or directory",
                          at("4:1: `key`: ") + (folder / "data") + ": it is a folder, a file is wanted",
                          at("7:62: `host`: ") + (folder / "here.wasm") + ": it is no folder",
                          at("9:1: `path`: ") + (folder / "b.wasm") + ": No such file or directory"));
}
