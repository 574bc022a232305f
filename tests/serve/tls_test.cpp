// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <iterator>

#include "serve/certificates.hpp"
#include "serve/served.hpp"

namespace holdfast::serve {
namespace {

using namespace testing_support;
namespace asio = boost::asio;

class tls : public served_test {
 protected:
  tls() {
    made = make_certificates(folder / ".");
    settings.server.tls = tls_settings{folder / "server.pem", folder / "server.key", {}};
  }
  void SetUp() override { ASSERT_TRUE(made) << "openssl makes no certificates here"; }

  // What a client with that certificate is answered; empty: it is not let in.
  std::string ask_as(const char* client, const std::string& bytes) const {
    asio::ssl::context with(asio::ssl::context::tls_client);
    with.load_verify_file(folder / "ca.pem");
    with.set_verify_mode(asio::ssl::verify_peer);
    if (client != nullptr) {
      with.use_certificate_chain_file(folder / (std::string(client) + ".pem"));
      with.use_private_key_file(folder / (std::string(client) + ".key"), asio::ssl::context::pem);
    }
    asio::io_context context;
    asio::ssl::stream<asio::ip::tcp::socket> stream(context, with);
    boost::system::error_code failed;
    stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream.handshake(asio::ssl::stream_base::client, failed);
    if (!failed) asio::write(stream, asio::buffer(bytes), failed);
    std::string told;
    if (!failed) asio::read_until(stream, asio::dynamic_buffer(told), "}", failed);
    return failed ? std::string() : told;
  }
  bool made = false;
};

TEST_F(tls, carries_calls) {
  start();
  EXPECT_THAT(ask_as(nullptr, call_request("/v1/call/counting/add", "[2, 3]")),
              testing::HasSubstr("\"value\":5"));
}

TEST_F(tls, is_named_to_a_client_that_speaks_none_of_it) {
  start();
  raw_client client(port);
  client.send(request("GET", "/livez"));
  EXPECT_TRUE(client.closed());
}

TEST_F(tls, lets_in_who_has_a_certificate_and_knows_it_by_its_name) {
  settings.server.tls->client_ca = folder / "ca.pem";
  settings.server.principals = {{.name = "operators", .certificate_subject = "ops"}};
  start();
  EXPECT_THAT(ask_as("client", call_request("/v1/call/counting/add", "[2, 3]")),
              testing::HasSubstr("\"value\":5"));
  EXPECT_THAT(ask_as("server", call_request("/v1/call/counting/add", "[2, 3]")), testing::HasSubstr("401"));
  EXPECT_EQ(ask_as(nullptr, call_request("/v1/call/counting/add", "[2, 3]")), "");
}

TEST_F(tls, that_has_a_wrong_key_is_refused_at_the_start_with_the_name_of_the_file) {
  settings.server.tls->key = folder / "client.key";
  settings.server.listen = {parse_listen_address("127.0.0.1:0").value()};
  const auto begun = server::start(settings, parts);
  ASSERT_FALSE(begun);
  EXPECT_THAT(begun.error().message(), testing::HasSubstr("client.key"));
}

}  // namespace
}  // namespace holdfast::serve
