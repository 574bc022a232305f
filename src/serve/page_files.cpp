// SPDX-License-Identifier: Apache-2.0
#include "serve/page_files.hpp"

#include <algorithm>

namespace holdfast::serve {

const embedded_file* find_page_file(std::string_view path) {
  if (path == "/") {
    path = "/page/index.html";
  } else if (path == "/page/index.html") {
    return nullptr;  // what it loads is named from the root
  }
  const auto files = page_files();
  const auto found = std::ranges::find_if(files, [path](const embedded_file& file) {
    return path.starts_with('/') && path.substr(1) == file.path;
  });
  return found == files.end() ? nullptr : &*found;
}

}  // namespace holdfast::serve
