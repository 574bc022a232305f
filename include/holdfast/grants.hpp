// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

/// What a guest may reach outside itself.
namespace holdfast {

/// What a guest may reach of the machine: nothing, unless it stands here.
struct grants {
  /// Opened for each instance anew: where it cannot be, none is built.
  struct directory {
    std::string host;       ///< the path on this machine
    std::string guest;      ///< the path the guest sees
    bool read_only = true;  ///< false: it may be changed, and what is below it
  };
  /// Names and values; none of this process's.
  std::vector<std::pair<std::string, std::string>> environment{};
  std::vector<std::string> arguments{};  ///< of the command line, the program's name first
  std::vector<directory> directories{};  ///< with all that is below them
  bool network = false;                  ///< TCP, UDP and the look-up of names, wherever to
  /// Hosts to which the guest may send HTTP requests: `host` at the scheme's own port, `host:port`, or
  /// `*.example.org` for those below it. What counts is the authority that is connected to, so an address has
  /// to stand here itself. No redirect is followed and no proxy of the environment is used; a connection has
  /// 10 s to come about, the first byte and each one after it have 60 s. `network` has no part in it.
  std::vector<std::string> http_hosts{};
  /// Pools and actors of its host, by their names, that the guest may call through `holdfast:outbound/calls`
  /// (guests/outbound/calls.wit).
  std::vector<std::string> calls{};
};

}  // namespace holdfast
