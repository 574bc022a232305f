// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <holdfast/cancel_contract.hpp>
#include <holdfast/error.hpp>
#include <optional>
#include <string>
#include <string_view>

/// The marks of the cancel contract as people write them.
namespace holdfast::wit {

inline constexpr std::array all_marks = {cancel_mark::idempotent, cancel_mark::read_only,
                                         cancel_mark::kill_safe};

/// The most text kept of one comment, in bytes: documentation comes from strangers too.
inline constexpr std::size_t longest_comment = 64U << 10;

/// Gathers marks one by one, and says what is wrong with one.
class mark_list {
 public:
  /// Adds a mark by its spelling, or `none`.
  /// @par Errors  `errc::bad_contract`: no such mark (with the nearest), given twice, or `none` beside others
  result<void> add(std::string_view spelling);

  cancel_contract contract() const noexcept { return contract_; }

 private:
  cancel_contract contract_;
  bool none_ = false;
};

/// A doc comment taken apart.
struct comment {
  std::string text{};  ///< what is for people: without the lines of marks, cut if very long
  std::optional<cancel_contract> marks{};  ///< none: nothing was said, which is not the same as `none`
};

/// Reads a doc comment. Its marks stand on lines of their own that begin with `@holdfast:`.
/// @par Errors  `errc::bad_contract`: a line that begins so and is no list of marks; the detail has no place
result<comment> read_comment(std::string_view docs);

}  // namespace holdfast::wit
