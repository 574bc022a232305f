// SPDX-License-Identifier: Apache-2.0
#include <holdfast/imports.hpp>
#include <utility>

namespace holdfast {

imports& imports::define(std::string interface, std::string name, detail::host_definition what) {
  functions_.insert_or_assign({std::move(interface), std::move(name)},
                              std::make_shared<const detail::host_definition>(std::move(what)));
  return *this;
}

imports& imports::define(std::string interface, std::string name, host_function function,
                         boost::asio::any_io_executor on) {
  detail::host_definition made;
  made.function = std::move(function);
  made.on = std::move(on);
  return define(std::move(interface), std::move(name), std::move(made));
}

imports& imports::on(boost::asio::any_io_executor executor) {
  executor_ = std::move(executor);
  return *this;
}

imports& imports::define_resource(std::string interface, std::string name, std::type_index type) {
  resources_.insert_or_assign({std::move(interface), std::move(name)}, type);
  return *this;
}

}  // namespace holdfast
