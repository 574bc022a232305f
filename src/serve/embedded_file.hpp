// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace holdfast::serve {

/// A file of the source tree that is part of the program (see cmake/HoldfastEmbed.cmake).
struct embedded_file {
  std::string_view path;          ///< below the folder that names it, as in `page/page.css`
  std::string_view content_type;  ///< for a browser, such as `text/css; charset=utf-8`
  std::string_view content;
  std::string_view etag;  ///< of the content, with its quotation marks
};

}  // namespace holdfast::serve
