// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// The heads of an HTTP request and its response, as a component gets and gives them.
namespace holdfast {

/// A line of a head.
struct http_field {
  std::string name;   ///< in any case; in lower case where a guest gave it
  std::string value;  ///< any bytes that HTTP allows; a guest's are untrusted
};

/// What a guest is asked. `http_exchange::make` refuses what HTTP does not have.
struct http_request_head {
  std::string method{"GET"};   ///< any that HTTP allows, one of your own too
  std::string scheme{"http"};  ///< or `https`
  std::string authority{};     ///< host and port as the client named them; never empty
  std::string target{"/"};     ///< path and query
  /// Those that are of one connection, such as `connection` and `transfer-encoding`, do not reach the guest;
  /// nor does `host`, which is the authority.
  std::vector<http_field> fields{};
};

/// What a guest answered.
struct http_response_head {
  std::uint16_t status = 0;  ///< of three digits; which one is the guest's choice
  /// None that is of one connection: guests cannot set those. At most 512 with 128 KiB.
  std::vector<http_field> fields{};
};

/// How things stand for one side of an exchange.
enum class http_flow : std::uint8_t {
  open,     ///< something can be done
  waiting,  ///< not now
  ended,    ///< the body is whole; of a request's: nobody reads it any more
  lost,     ///< no more comes of the response: `http_trouble` says why
};

/// Why there is no response, or no more of it.
enum class http_fault : std::uint8_t {
  none,         ///< so far all is well
  not_begun,    ///< the guest was never entered: the call's outcome says why
  lost,         ///< the guest was lost half-way: it trapped, was killed, or a host function failed
  no_response,  ///< the guest returned without a response
  guest_error,  ///< the guest answered with an error, whose name is the detail: `connection-timeout`
  cut_short,    ///< the guest gave its body up, or returned before it had ended it
  too_large,    ///< the head has more fields or bytes than a response may have
};

/// What came in the way of a response, and what is known of it.
struct http_trouble {
  http_fault what = http_fault::none;  ///< `none`: nothing did
  std::string detail{};                ///< a sentence or a name; may quote the guest
};

}  // namespace holdfast
