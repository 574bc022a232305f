// SPDX-License-Identifier: Apache-2.0
#include <sodium/crypto_generichash.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <holdfast/component.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/bridge_error.hpp"
#include "engine/component_impl.hpp"
#include "engine/engine_impl.hpp"
#include "wit/carried.hpp"
#include "wit/manifest.hpp"
#include "wit/packed.hpp"
#include "wit/remarks.hpp"

namespace holdfast {

namespace {

// The least binding source first: each replaces what those before it said of an export.
result<void> declare(wit::world& of, std::span<const std::byte> bytes, const contract_sources& from) {
  if (auto carried = wit::apply_carried(of, bytes); !carried) return carried;
  if (!from.wit.empty()) {
    if (auto read = wit::apply_wit(of, from.wit, from.world); !read) return read;
  }
  return from.manifest.empty() ? result<void>() : wit::load_manifest(of, from.manifest);
}

}  // namespace

result<component> component::compile(const engine& with, std::span<const std::byte> bytes,
                                     const compile_options& options) {
  if (with.internals()->began.forked()) return error(errc::forked);
  hfb_component* raw = nullptr;
  const std::string cache = options.cache.string();
  if (hfb_error* failed = hfb_component_compile(with.internals()->handle.get(), bridge::slice_of(bytes),
                                                bridge::slice_of(cache), options.fuel == metering::on,
                                                options.replay == determinism::on, &raw))
    return bridge::to_error(failed);
  bridge::component_handle compiled(raw);

  hfb_bytes packed{};
  if (hfb_error* failed = hfb_component_describe(raw, &packed)) return bridge::to_error(failed);
  const core::buffer description = bridge::buffer_of(packed);
  auto world = wit::decode_world(description.bytes());
  if (!world) return world.error();
  if (auto declared = declare(*world, bytes, options.contract); !declared) return declared.error();
  const auto made = std::make_shared<impl>(with, std::move(compiled), std::move(*world), options.replay);
  ::crypto_generichash(reinterpret_cast<unsigned char*>(made->digest.data()), made->digest.size(),
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr, 0);
  return component(made);
}

result<component> component::load(const engine& with, const std::filesystem::path& path,
                                  const compile_options& options) {
  const auto refuse = [&path](const std::string& why) { return path.string() + ": " + why; };
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return error(errc::not_wasm, refuse("is a directory"));
  std::ifstream file(path, std::ios::binary);
  if (!file) return error(errc::not_wasm, refuse(std::strerror(errno)));
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return error(errc::not_wasm, refuse("cannot be read"));
  compile_options found = options;
  if (const auto beside = wit::manifest_beside(path);
      found.contract.manifest.empty() && std::filesystem::exists(beside, failed)) {
    found.contract.manifest = beside;
  }
  auto made = compile(with, std::as_bytes(std::span(bytes)), found);
  if (!made) return error(made.error().code, refuse(made.error().message()));
  return made;
}

const wit::world& component::world() const noexcept { return impl_->world; }

const wit::function* component::http_handler() const noexcept {
  for (const wit::interface& each : impl_->world.exports.interfaces) {
    if (!each.name.starts_with("wasi:http/incoming-handler@0.2.")) continue;
    for (const wit::function& f : each.functions)
      if (f.name == "handle") return &f;
  }
  return nullptr;
}

bool component::deterministic() const noexcept { return impl_->replay == determinism::on; }

std::filesystem::path default_compile_cache() {
  const auto set = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  };
  if (const auto own = set("HOLDFAST_CACHE"); !own.empty()) return own / "compiled";
  if (const auto xdg = set("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "holdfast" / "compiled";
  if (const auto home = set("HOME"); home.is_absolute()) return home / ".cache" / "holdfast" / "compiled";
  return {};
}

}  // namespace holdfast
