// SPDX-License-Identifier: Apache-2.0
#include <holdfast/imports.hpp>
#include <utility>

namespace holdfast {

imports& imports::define(std::string interface, std::string name, host_function function) {
  functions_.insert_or_assign({std::move(interface), std::move(name)},
                              std::make_shared<const host_function>(std::move(function)));
  return *this;
}

imports& imports::define_resource(std::string interface, std::string name, std::type_index type) {
  resources_.insert_or_assign({std::move(interface), std::move(name)}, type);
  return *this;
}

}  // namespace holdfast
