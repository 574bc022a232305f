// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

/// Certificates for a test, made when it runs: none is kept that could run out.
namespace holdfast::testing_support {

/// In `folder`: `ca.pem`, `server.pem` and `client.pem` (of `ops`) of that authority, each with its `.key`.
inline bool make_certificates(const std::string& folder) {
  const std::string script =
      "cd " + folder +
      " && exec 2>/dev/null >&2"
      " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=authority"
      " -keyout ca.key -out ca.pem"
      " && for who in server client; do"
      "  name=localhost; [ $who = client ] && name=ops;"
      "  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$name -keyout $who.key"
      "   -out $who.csr &&"
      "  openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $who.pem || "
      "exit 1;"
      " done";
  return std::system(script.c_str()) == 0;  // NOLINT(cert-env33-c): of our own words
}

}  // namespace holdfast::testing_support
