// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/background.hpp"
#include "serve/raw_client.hpp"
#include "support/scratch_folder.hpp"

/// Servers that take each other's place while clients call, as a manager of services does it: it holds the
/// socket, so that nobody is turned away meanwhile.
namespace holdfast::testing_support {
namespace {

// A socket that listens on loopback, and is handed to whoever is started.
class held_socket {
 public:
  held_socket() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(socket_, 128) != 0)
      throw std::system_error(errno, std::generic_category(), "listen");
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  held_socket(const held_socket&) = delete;
  held_socket& operator=(const held_socket&) = delete;
  ~held_socket() { ::close(socket_); }

  std::uint16_t port() const noexcept { return port_; }
  // systemd tells it by the environment, with the process that it means.
  std::vector<std::string> handed_to(const std::string& configuration) const {
    return {"/bin/sh", "-c",
            "exec 3<&" + std::to_string(socket_) + "; export LISTEN_FDS=1 LISTEN_PID=$$; exec '" +
                HOLDFAST_COMMAND + "' serve '" + configuration + "'"};
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

// Clients that pay one coin after the other into an account, each with a key, and send again what was not
// answered.
class payers {
 public:
  explicit payers(std::uint16_t port, unsigned count) : port_(port) {
    for (unsigned i = 0; i < count; ++i)
      threads_.emplace_back([this, i] {
        for (unsigned n = 0; !over_; ++n) pay(std::to_string(i) + "-" + std::to_string(n), n % 2 == 1);
      });
  }
  void end() {
    over_ = true;
    threads_.clear();
  }
  std::size_t paid() const {
    const std::scoped_lock lock(mutex_);
    return accepted_.size();
  }
  /// The ids of the accepted calls, by their keys.
  const std::map<std::string, std::string>& accepted() const noexcept { return accepted_; }

  /// The body of an answer; nothing: there was none, or the call was not accepted for now.
  std::optional<boost::json::object> ask(const std::string& key, bool kept) const {
    const std::string fields = "Idempotency-Key: " + key + "\r\n" + (kept ? "Prefer: respond-async\r\n" : "");
    raw_client client(port_);
    const raw_answer told = client.ask(call_request("/v1/actors/bank/ada/deposit", "[1]", fields));
    if (told.status == 0 || !told.whole || told.status == 503 || told.status == 429) return std::nullopt;
    EXPECT_TRUE(told.status == 200 || told.status == 202) << told.status << " " << told.body;
    return boost::json::parse(told.body).as_object();
  }

 private:
  void pay(const std::string& key, bool kept) {
    std::optional<boost::json::object> told;
    while (!told) told = ask(key, kept);
    const std::scoped_lock lock(mutex_);
    accepted_[key] = told->at("id").as_string().c_str();
  }

  const std::uint16_t port_;
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;
  std::map<std::string, std::string> accepted_;
  std::vector<std::jthread> threads_;
};

TEST(restart, under_load_loses_no_accepted_call_with_a_key_and_makes_none_twice) {
  const scratch_folder folder;
  const held_socket socket;
  const std::string configuration =
      folder.write("holdfast.toml", "journal = \"" + (folder.path() / "calls.journal").string() +
                                        "\"\n[server]\nlisten = [\"systemd\"]\n[log]\naccess = \"off\"\n"
                                        "[components.bank]\nkind = \"actors\"\npath = \"" +
                                        guest("ledger.wasm") + "\"\n");
  auto server = std::make_unique<background>(socket.handed_to(configuration));
  payers clients(socket.port(), 4);
  constexpr std::size_t restarts = 4;
  constexpr std::size_t paid_between = 60;
  for (std::size_t i = 1; i <= restarts; ++i) {
    while (clients.paid() < i * paid_between) std::this_thread::yield();
    EXPECT_EQ(server->end(SIGTERM), 0);
    server = std::make_unique<background>(socket.handed_to(configuration));
  }
  clients.end();

  for (const auto& [key, id] : clients.accepted()) {
    const auto again = clients.ask(key, false);
    ASSERT_TRUE(again) << key;
    EXPECT_EQ(again->at("outcome").as_string(), "completed") << key;
    EXPECT_EQ(again->at("id").as_string(), id) << key << " is another call than was accepted";
  }
  raw_client client(socket.port());
  const raw_answer balance = client.ask(call_request("/v1/actors/bank/ada/balance", "[]"));
  EXPECT_EQ(boost::json::parse(balance.body).at("value").to_number<std::size_t>(), clients.accepted().size());
}

}  // namespace
}  // namespace holdfast::testing_support
