// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <holdfast/error.hpp>
#include <holdfast/world.hpp>
#include <string>
#include <string_view>
#include <vector>

/// What doc comments say of a component's exports: their documentation and their marks.
///
/// A component itself knows no comments, and the tools that make components leave none in: they stand in its
/// WIT files, or in a custom section that somebody put there (`carried.hpp`).
namespace holdfast::wit {

/// What a comment stands on. The numbers are those of `holdfast_docs.h`.
enum class commented : std::uint8_t {
  function = 0,
  interface = 1,
  exported =
      2,  ///< the line of a world that exports an interface: it comes before the interface's own comment
  world = 3,
  other = 4,  ///< a package or a type, where no mark may stand
};

/// A comment, and the full name of what it stands on.
struct remark {
  commented on = commented::other;
  std::string world{};      ///< `ns:pkg/world@1.0.0`; empty for what stands in an interface of its own
  std::string interface{};  ///< as a component exports it; empty for a function of a world
  std::string name{};       ///< of the function
  std::string docs{};
  std::string place{};  ///< for complaints: `world.wit:12:3`
};

/// Puts documentation and marks on the exports that the remarks are about, and tells how many those are. An
/// export that no remark names is left as it was; a remark about what the component does not export is left
/// alone, but must be well-formed. `of_world` chooses among their worlds; empty: the one that shares most
/// with the component.
/// @par Errors  `errc::bad_contract`: a wrong mark, or one where none may stand; no such world, or several
/// that fit alike and differ
result<std::size_t> apply_remarks(world& of, const std::vector<remark>& remarks,
                                  std::string_view of_world = {});

/// Reads the comments of a WIT file or directory.
/// @par Errors  `errc::bad_contract`: the WIT is wrong, with its place
result<std::vector<remark>> read_wit(const std::filesystem::path& path);

/// Reads a WIT file or directory and applies it.
/// @par Errors  `errc::bad_contract`: as both above; or the WIT describes none of the component's exports
result<void> apply_wit(world& of, const std::filesystem::path& path, std::string_view of_world = {});

/// `ns:pkg/iface` of `ns:pkg/iface@1.0.0`.
inline std::string_view unversioned(std::string_view name) { return name.substr(0, name.find('@')); }

/// `iface` of `ns:pkg/iface`.
inline std::string_view last_segment(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace holdfast::wit
