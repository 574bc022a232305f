// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// A client that sends bytes as they are given, and reads answers: none of a library's good manners.
namespace holdfast::testing_support {

struct raw_answer {
  unsigned status = 0;                        ///< 0: the connection was closed, or reset, without one
  std::map<std::string, std::string> fields;  ///< by their names in lower case
  std::string body;
  bool whole = false;
};

/// Blocking, on one connection. It gives up, and the test fails, where nothing comes for a long time.
class raw_client {
 public:
  /// `room`: so much the kernel keeps of what comes and was not read; 0: as it likes.
  explicit raw_client(std::uint16_t port, int room = 0);
  explicit raw_client(const std::string& unix_path);
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client();

  /// False: the other side has reset the connection.
  bool send(std::string_view bytes) const;
  raw_answer read(bool to_head = false);
  /// The status of what comes next, which may be an interim answer; the whole head is taken.
  unsigned read_interim();
  raw_answer ask(std::string_view bytes) {
    send(bytes);
    return read();
  }
  /// Whether something is there to be read, or the other side has closed.
  bool is_told() const;
  /// Waits until the other side has closed, whatever it still sends. False: it did not.
  bool closed();
  /// Leaves as a process does that is killed while bytes wait for it.
  void reset();
  void end_sending() const;

 private:
  bool fill();
  int socket_ = -1;
  std::string buffer_;
};

/// A request of HTTP/1.1 with what any has.
std::string request(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {});
/// A call with its arguments as JSON.
std::string call_request(std::string_view target, std::string_view arguments, std::string_view fields = {});

}  // namespace holdfast::testing_support
