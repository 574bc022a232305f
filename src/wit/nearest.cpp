// SPDX-License-Identifier: Apache-2.0
#include "wit/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "wit/utf8.hpp"

namespace holdfast::wit {

std::size_t bounded_distance(std::string_view left, std::string_view right) {
  left = left.substr(0, longest_compared);
  right = right.substr(0, longest_compared);
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[right.size()];
}

std::string shortened(std::string_view name) {
  // The message stays UTF-8 whatever was written.
  const std::size_t shown = valid_utf8_prefix(name.substr(0, longest_compared));
  return std::string(name.substr(0, shown)) + (shown < name.size() ? "..." : "");
}

}  // namespace holdfast::wit
