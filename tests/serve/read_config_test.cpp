// SPDX-License-Identifier: Apache-2.0
#include "serve/read_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "serve/toml_depth.hpp"
#include "support/readings.hpp"

using namespace holdfast;
using namespace holdfast::serve;
using namespace holdfast::testing_support;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(config, of_an_empty_file_has_the_defaults) {
  const config_reading read = parse_config("", "holdfast.toml");
  EXPECT_THAT(lines(read.errors), IsEmpty());
  EXPECT_THAT(lines(read.warnings), IsEmpty());
  const http_limits usual;
  EXPECT_EQ(read.settings.server.limits.connections, usual.connections);
  EXPECT_EQ(read.settings.server.limits.head_timeout, usual.head_timeout);
  EXPECT_TRUE(read.settings.server.dashboard);
  EXPECT_THAT(read.settings.components, IsEmpty());
}

TEST(config, reads_every_room_of_the_file) {
  const config_reading read = parse_config(R"(
journal = "calls.journal"
cache = "none"
compile_limit = "none"
compile_memory = "1GiB"
[server]
listen = ["127.0.0.1:8080", "[::1]:8080", "unix:run/holdfast.sock", "systemd"]
threads = 2
hosts = ["api.example.org"]
cors_origins = ["https://app.example.org"]
drain_grace = "1m"
dashboard = false
[server.limits]
connections = 5
head_bytes = "8KiB"
body_timeout = "1.5s"
least_rate = "1KiB"
[server.per_client]
per_second = 2.5
burst = 9
[server.tls]
certificate = "cert.pem"
key = "/etc/key.pem"
client_ca = "ca.pem"
[[principals]]
name = "ops"
token_sha256 = "AB00000000000000000000000000000000000000000000000000000000000000"
rights = ["kill", "drain"]
[[principals]]
name = "app"
certificate_subject = "app.internal"
[engine]
max_instances = 300
tick = "1ms"
[host]
workers = 3
[keys]
count = 7
[parking]
time = "none"
[log]
access = "off"
guests = "guests.log"
[traces]
endpoint = "http://localhost:4318"
sample = 0.25
service = "shop"
headers = { authorization = "Bearer x" }
)",
                                           "conf/holdfast.toml");
  ASSERT_THAT(lines(read.errors), IsEmpty());
  const config& all = read.settings;
  EXPECT_EQ(all.journal, "conf/calls.journal");
  EXPECT_EQ(all.cache, "");
  EXPECT_EQ(all.compile_limit, std::nullopt);
  EXPECT_EQ(all.compile_memory, 1ULL << 30);
  ASSERT_EQ(all.server.listen.size(), 4U);
  EXPECT_EQ(all.server.listen[0].host, "127.0.0.1");
  EXPECT_EQ(all.server.listen[0].port, 8080);
  EXPECT_EQ(all.server.listen[1].host, "::1");
  EXPECT_EQ(all.server.listen[2].path, "conf/run/holdfast.sock");
  EXPECT_EQ(all.server.listen[3].kind, listen_address::family::inherited);
  EXPECT_EQ(all.server.threads, 2U);
  EXPECT_THAT(all.server.hosts, ElementsAre("api.example.org"));
  EXPECT_THAT(all.server.cors_origins, ElementsAre("https://app.example.org"));
  EXPECT_EQ(all.server.drain_grace, 1min);
  EXPECT_FALSE(all.server.dashboard);
  EXPECT_EQ(all.server.limits.connections, 5U);
  EXPECT_EQ(all.server.limits.head_bytes, 8U << 10);
  EXPECT_EQ(all.server.limits.body_timeout, 1500ms);
  EXPECT_EQ(all.server.limits.least_rate, 1024U);
  EXPECT_EQ(all.server.per_client.per_second, 2.5);
  EXPECT_EQ(all.server.per_client.burst, 9U);
  ASSERT_TRUE(all.server.tls);
  EXPECT_EQ(all.server.tls->certificate, "conf/cert.pem");
  EXPECT_EQ(all.server.tls->key, "/etc/key.pem");
  ASSERT_EQ(all.server.principals.size(), 2U);
  EXPECT_EQ(all.server.principals[0].token_sha256.substr(0, 4), "ab00");
  EXPECT_TRUE(all.server.principals[0].may.kill);
  EXPECT_TRUE(all.server.principals[0].may.drain);
  EXPECT_EQ(all.server.principals[1].certificate_subject, "app.internal");
  EXPECT_FALSE(all.server.principals[1].may.kill);
  EXPECT_EQ(all.engine.max_instances, 300U);
  EXPECT_EQ(all.engine.tick, 1ms);
  EXPECT_EQ(all.host.workers, 3U);
  EXPECT_EQ(all.host.keys.count, 7U);
  EXPECT_EQ(all.host.parking.time, no_limit);
  EXPECT_EQ(all.log.access, "off");
  EXPECT_EQ(all.log.guests, "conf/guests.log");
  EXPECT_EQ(all.traces.endpoint, "http://localhost:4318");
  EXPECT_EQ(all.traces.sample, 0.25);
  EXPECT_EQ(all.traces.service, "shop");
  EXPECT_THAT(all.traces.headers, ElementsAre(testing::Pair("authorization", "Bearer x")));
}

TEST(config, reads_a_pool) {
  const config_reading read = parse_config(R"(
[components.hello]
path = "hello.wasm"
kind = "pool"
cells = 4
queue_depth = 10
brief = ["greet"]
deadline = "none"
run_limit = "2s"
[components.hello.limits]
memory = "64MiB"
fuel = 1000000
[components.hello.rebuild]
spares = 2
retire_calls = 5000
[components.hello.retry]
attempts = 3
[components.hello.sharing]
calls = 1
[components.hello.rate]
concurrent = 8
[components.hello.grants]
environment = { MODE = "fast" }
arguments = ["--quiet"]
directories = [{ host = "data", guest = "/data", write = true }, { host = "/srv", guest = "/srv" }]
network = true
calls = ["orders"]
http_hosts = ["example.org", "*.example.net:8080"]
[components.orders]
path = "/opt/orders.wasm"
)",
                                           "conf/holdfast.toml");
  ASSERT_THAT(lines(read.errors), IsEmpty());
  ASSERT_EQ(read.settings.components.size(), 2U);
  const component_settings& hello = read.settings.components[0];
  EXPECT_EQ(hello.name, "hello");
  EXPECT_EQ(hello.path, "conf/hello.wasm");
  EXPECT_EQ(hello.kind, component_kind::pool);
  EXPECT_EQ(hello.pool.name, "hello");
  EXPECT_EQ(hello.pool.cells, 4U);
  EXPECT_EQ(hello.pool.queue_depth, 10U);
  EXPECT_THAT(hello.pool.brief, ElementsAre("greet"));
  EXPECT_EQ(hello.deadline, no_limit);
  EXPECT_EQ(hello.run_limit, 2s);
  EXPECT_EQ(hello.pool.limits.memory, 64U << 20);
  EXPECT_EQ(hello.pool.limits.fuel, 1'000'000U);
  EXPECT_TRUE(hello.metered) << "fuel needs it";
  EXPECT_EQ(hello.pool.rebuild.spares, 2U);
  EXPECT_EQ(hello.pool.rebuild.retire_calls, 5000U);
  EXPECT_EQ(hello.pool.retry.attempts, 3U);
  EXPECT_EQ(hello.pool.sharing.calls, 1U);
  EXPECT_EQ(hello.rate.concurrent, 8U);
  const grants& may = hello.pool.may_reach;
  EXPECT_THAT(may.environment, ElementsAre(std::pair("MODE", "fast")));
  EXPECT_THAT(may.arguments, ElementsAre("--quiet"));
  ASSERT_EQ(may.directories.size(), 2U);
  EXPECT_EQ(may.directories[0].host, "conf/data");
  EXPECT_FALSE(may.directories[0].read_only);
  EXPECT_TRUE(may.directories[1].read_only);
  EXPECT_TRUE(may.network);
  EXPECT_THAT(may.calls, ElementsAre("orders"));
  EXPECT_THAT(hello.http_hosts, ElementsAre("example.org", "*.example.net:8080"));
  EXPECT_EQ(read.settings.components[1].kind, std::nullopt) << "its exports will say";
}

TEST(config, reads_actors) {
  const config_reading read = parse_config(R"(
[components.carts]
path = "cart.wasm"
kind = "actors"
resident = 50
snapshot_every = 1
deterministic = true
earlier = ["cart-v1.wasm"]
queue_depth = 3
stop_grace = "10ms"
[components.carts.limits]
memory = "1MiB"
[components.carts.grants]
network = true
)",
                                           "holdfast.toml");
  ASSERT_THAT(lines(read.errors), IsEmpty());
  const component_settings& carts = read.settings.components.at(0);
  EXPECT_EQ(carts.kind, component_kind::actors);
  EXPECT_EQ(carts.actors.name, "carts");
  EXPECT_EQ(carts.actors.resident, 50U);
  EXPECT_EQ(carts.actors.snapshot_every, 1U);
  EXPECT_TRUE(carts.deterministic);
  EXPECT_THAT(carts.earlier, ElementsAre("cart-v1.wasm"));
  EXPECT_EQ(carts.actors.queue_depth, 3U);
  EXPECT_EQ(carts.actors.stop_grace, 10ms);
  EXPECT_EQ(carts.actors.limits.memory, 1U << 20);
  EXPECT_TRUE(carts.actors.may_reach.network);
}

TEST(config, finds_every_mistake_and_says_where_it_stands) {
  const config_reading read = parse_config(R"([server]
listen = ["127.0.0.1"]
threds = 2
[components.hello]
path = "a.wasm"
cels = 4
cells = 0
[components.hello.limits]
memory = true
)",
                                           "holdfast.toml");
  EXPECT_THAT(lines(read.errors),
              ElementsAre(HasSubstr("holdfast.toml:2:11: `127.0.0.1` is no address such as"),
                          "holdfast.toml:3:1: unknown key `threds`: did you mean `threads`?",
                          "holdfast.toml:6:1: unknown key `cels`: did you mean `cells`?",
                          "holdfast.toml:7:1: `cells` is 0; it has to be from 1 to 65536",
                          "holdfast.toml:9:1: `memory` wants a size such as `\"64MiB\"`, found `true`"));
}

TEST(config, says_where_a_text_stops_being_toml) {
  const auto read = parse_config("[server]\nthreads = \n", "conf/holdfast.toml");
  ASSERT_EQ(read.errors.size(), 1U);
  EXPECT_THAT(read.errors[0].line(), testing::StartsWith("conf/holdfast.toml:2:"));
}

TEST(config, says_what_is_wrong_with_a_value) {
  const auto wrong = [](const std::string& text) { return first_error(parse_config(text, "f")); };
  EXPECT_THAT(wrong("journal = 5"), HasSubstr("`journal` wants a text, found the number 5"));
  EXPECT_THAT(wrong("server = 5"), HasSubstr("`server` wants a table, found the number 5"));
  EXPECT_THAT(wrong("principals = {}"), HasSubstr("wants a list of tables, found a table"));
  EXPECT_THAT(wrong("[engine]\ntick = 5"), HasSubstr("wants a duration such as `\"500ms\"`"));
  EXPECT_THAT(wrong("[engine]\ntick = \"5\""), HasSubstr("`5` is not a duration"));
  EXPECT_THAT(wrong("[engine]\ntick = \"6ms\""), HasSubstr("`tick` is 6ms; it has to be from 100us to 5ms"));
  EXPECT_THAT(wrong("[engine]\ntick = \"none\""), HasSubstr("never without a limit"));
  EXPECT_THAT(wrong("[engine]\nmax_instances = -1"), HasSubstr("`max_instances` is -1; it has to be from 1"));
  EXPECT_THAT(wrong("[engine]\nmax_instances = 1.5"), HasSubstr("wants a whole number, found a number with"));
  EXPECT_THAT(wrong("[engine]\nmax_stack = \"1TiB\""), HasSubstr("is not a size"));
  EXPECT_THAT(wrong("[engine]\nmax_stack = \"1GiB\""), HasSubstr("from 64KiB to 64MiB"));
  EXPECT_THAT(wrong("[traces]\nsample = nan"),
              HasSubstr("`sample` is out of range; it has to be from 0 to 1"));
  EXPECT_THAT(wrong("[traces]\nsample = 1979-05-27"), HasSubstr("wants a number, found a date or a time"));
  EXPECT_THAT(wrong("[traces]\nendpoint = \"collector\""), HasSubstr("such as `http://localhost:4318`"));
  EXPECT_THAT(wrong("[traces]\nendpoint = \"https://localhost\""),
              HasSubstr("f:2:1: `endpoint` cannot be `https`"));
  EXPECT_THAT(wrong("[traces]\nservice = \"\""), HasSubstr("`service` is empty"));
  EXPECT_THAT(wrong("[traces]\nheaders = { host = \"a\" }"), HasSubstr("cannot be sent: host"));
  EXPECT_THAT(wrong("[traces]\nheaders = { \"a b\" = \"a\" }"), HasSubstr("cannot be sent: a b"));
  EXPECT_THAT(wrong("[traces]\nheaders = { a = \"b\\nc\" }"), HasSubstr("cannot be sent: a"));
  EXPECT_THAT(wrong("[server]\nhosts = [\"https://a\"]"), HasSubstr("is no host"));
  EXPECT_THAT(wrong("[server]\ncors_origins = [\"*\"]"), HasSubstr("is no origin"));
  EXPECT_THAT(wrong("[server]\nhosts = [5]"), HasSubstr("f:2:10: `hosts` wants a list of texts, found the"));
  EXPECT_THAT(wrong("[components.a]\npath=\"a\"\nkind=\"actor\""),
              HasSubstr("`kind` is `actor`; it has to be `pool`, `actors` or `web`"));
  EXPECT_THAT(wrong("[server.per_client]\nburst = 3"), HasSubstr("`burst` needs `per_second`"));
}

TEST(config, says_where_a_key_belongs_that_stands_in_the_wrong_table) {
  EXPECT_THAT(first_error(parse_config("listen = []", "f")), HasSubstr("it belongs in `[server]`"));
  EXPECT_THAT(first_error(parse_config("[components.a]\npath = \"a\"\nmemory = 1", "f")),
              HasSubstr("it belongs in `[components.NAME.limits]`"));
}

TEST(config, refuses_keys_of_the_other_kind_and_says_so) {
  EXPECT_THAT(first_error(parse_config("[components.a]\npath = \"a\"\nresident = 5", "f")),
              HasSubstr("f:3:1: `resident` is for actors; this component does not have `kind = \"actors\"`"));
  EXPECT_THAT(first_error(parse_config("[components.a]\npath = \"a\"\ndeterministic = true", "f")),
              HasSubstr("`deterministic` is for actors"));
  const std::string actors = "[components.a]\npath = \"a\"\nkind = \"actors\"\n";
  EXPECT_THAT(first_error(parse_config(actors + "cells = 5", "f")), HasSubstr("`cells` is for pools"));
  EXPECT_THAT(first_error(parse_config(actors + "sharing = {}", "f")), HasSubstr("`sharing` is for pools"));
  EXPECT_THAT(first_error(parse_config(actors + "rebuild = { spares = 1 }", "f")),
              HasSubstr("`spares` is for pools"));
}

TEST(config, of_thousands_of_mistakes_is_told_in_a_bounded_list) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "k" + std::to_string(i) + "=1\n";
  const auto read = parse_config(text, "f");
  EXPECT_LE(read.errors.size(), 201U);
  EXPECT_THAT(lines(read.errors), testing::Contains("f: there is more that is wrong than this list has"));
}

TEST(config, shows_nothing_that_a_terminal_would_obey) {
  const auto read =
      parse_config("[components.\"\\u001b[31m\"]\npath = \"a\"\n\"\\u202ekey\" = 1", "f\x1b[2J");
  ASSERT_FALSE(read.errors.empty());
  for (const std::string& line : lines(read.errors)) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
    EXPECT_EQ(line.find("\u202e"), std::string::npos) << line;
  }
}

TEST(config, larger_than_a_mebibyte_is_refused) {
  const std::string text(largest_config, '\n');
  EXPECT_TRUE(parse_config(text, "f").sound());
  EXPECT_THAT(first_error(parse_config(text + "\n", "f")), HasSubstr("f: the file is larger than 1 MiB"));
}

TEST(config, with_keys_of_too_many_parts_is_refused_before_it_is_parsed) {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  EXPECT_THAT(first_error(parse_config("\n" + key + " = 1", "f")), HasSubstr("f:2:1: a key of more than"));
  EXPECT_THAT(first_error(parse_config("[" + key + "]", "f")), HasSubstr("a key of more than"));
  EXPECT_THAT(first_error(parse_config("x = {" + key + " = 1}", "f")), HasSubstr("a key of more than"));
  EXPECT_THAT(first_error(parse_config("x = \"\"\"" + key + "\"\"\"\n" + key + " = 1", "f")),
              HasSubstr("f:2:1: a key of more than"));
  std::string longest = "a";
  for (std::uint32_t i = 1; i < deepest_key; ++i) longest += ".a";
  EXPECT_FALSE(nests_too_deep(longest + " = 1"));
  EXPECT_EQ(nests_too_deep(longest + ".a = 1"), 1U);
  // Dots in comments and in texts are no parts.
  EXPECT_TRUE(parse_config("#" + key + "\njournal = \"" + key + "\"\n", "f").sound());
  EXPECT_TRUE(parse_config("journal = '''" + key + "\n'" + key + "'''\n", "f").sound());
}

TEST(config, says_that_a_file_is_not_there) {
  EXPECT_EQ(first_error(read_config("/no/such/holdfast.toml")),
            "/no/such/holdfast.toml: No such file or directory");
  EXPECT_EQ(first_error(read_config("/")), "/: Is a directory");
  EXPECT_THAT(first_error(read_config("/dev/zero")), HasSubstr("larger than 1 MiB"));
}

TEST(config, of_component_files_names_them_by_their_stems) {
  const std::filesystem::path guests(HOLDFAST_GUESTS_DIR);
  const std::vector<std::filesystem::path> files{guests / "orders.wasm", guests / "hello.wat"};
  const auto read = config_of_files(files, {{"HOLDFAST_COMPONENTS__ORDERS__CELLS", "3"}});
  ASSERT_THAT(lines(read.errors), IsEmpty());
  ASSERT_EQ(read.settings.components.size(), 2U);
  EXPECT_EQ(read.settings.components[0].name, "hello");
  EXPECT_EQ(read.settings.components[1].name, "orders");
  EXPECT_EQ(read.settings.components[1].path, files[0]);
  EXPECT_EQ(read.settings.components[1].pool.cells, 3U);
  EXPECT_EQ(read.settings.components[1].kind, std::nullopt);
  EXPECT_EQ(read.settings.file, "");
}

TEST(config, of_component_files_refuses_what_cannot_be_told_apart) {
  const std::vector<std::filesystem::path> files{"a/app.wasm", "b/app.wasm", "my app.wasm"};
  const auto errors = lines(config_of_files(files).errors);
  EXPECT_THAT(errors, testing::Contains(
                          HasSubstr("two components would be called `app`, by a/app.wasm and b/app.wasm")));
  EXPECT_THAT(errors, testing::Contains(HasSubstr("`my app` cannot be a component's name")));
}
