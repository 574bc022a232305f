// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <holdfast/world.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "serve/config.hpp"
#include "serve/hosted.hpp"

/// What `GET /openapi.json` answers: the server as an OpenAPI 3.1 document.
///
/// The routes that every server has are in `openapi/routes.json`; each export of each component has one
/// more, with schemas of its own types. Documentation in it is text of strangers.
namespace holdfast::serve {

/// A component as its callers see it.
struct described_component {
  std::string_view name;
  bool has_actors = false;
  const wit::world* world = nullptr;
};

boost::json::object openapi_document(std::span<const described_component> all,
                                     const server_settings& settings);

/// The document as it is sent.
struct openapi_text {
  std::string content;
  std::string etag;  ///< with its quotation marks
};

/// Keeps the document of the catalog that was asked for last: another one comes by a reload only.
///
/// @par Thread safety  shared objects: safe
class openapi_page {
 public:
  explicit openapi_page(const server_settings& settings) noexcept : settings_(settings) {}
  std::shared_ptr<const openapi_text> of(const std::shared_ptr<const catalog>& now);

 private:
  const server_settings& settings_;
  std::mutex mutex_;
  std::weak_ptr<const catalog> made_of_;  // weak: what a reload let go is not to be kept
  std::shared_ptr<const openapi_text> made_;
};

}  // namespace holdfast::serve
