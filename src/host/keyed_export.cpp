// SPDX-License-Identifier: Apache-2.0
#include "host/keyed_export.hpp"

#include <cstdint>
#include <initializer_list>

namespace holdfast::detail {
namespace {

void add(crypto_generichash_state& to, std::span<const std::byte> some) {
  ::crypto_generichash_update(&to, reinterpret_cast<const unsigned char*>(some.data()), some.size());
}

// With its size: what follows is told apart from it.
void add_sized(crypto_generichash_state& to, std::span<const std::byte> some) {
  const auto size = static_cast<std::uint64_t>(some.size());
  add(to, std::as_bytes(std::span(&size, 1)));
  add(to, some);
}

template <std::size_t N>
std::array<std::byte, N> finish(crypto_generichash_state& of) {
  std::array<std::byte, N> made{};
  ::crypto_generichash_final(&of, reinterpret_cast<unsigned char*>(made.data()), made.size());
  return made;
}

}  // namespace

namespace {

std::string hex_of(const core::key_print& print) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte each : print) {
    const auto value = std::to_integer<unsigned>(each);
    text.append({digits[value >> 4U], digits[value & 15U]});
  }
  return text;
}

core::key_print print_of_all(std::initializer_list<std::string_view> parts) {
  constexpr std::size_t size = std::tuple_size_v<core::key_print>;
  static_assert(size >= crypto_generichash_BYTES_MIN);
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, nullptr, 0, size);
  for (const std::string_view each : parts)
    add_sized(state, std::as_bytes(std::span(each.data(), each.size())));
  return finish<size>(state);
}

}  // namespace

core::key_print print_of(std::string_view pool, std::string_view actor, std::string_view function,
                         std::string_view key) {
  return actor.empty() ? print_of_all({pool, function, key}) : print_of_all({pool, function, key, actor});
}

core::key_print print_of_actor(std::string_view group, std::string_view key) {
  return print_of_all({group, key});
}

core::key_print print_of_call(const call_id& id) noexcept {
  return std::bit_cast<core::key_print>(std::array{id.high, id.low});
}

std::vector<std::byte> result_type_of(const wit::function& which) {
  return which.result ? wit::encode_type(*which.result) : std::vector<std::byte>();
}

core::key_print print_of_timer(const call_id& set_by, std::string_view name) {
  const core::key_print by = print_of_call(set_by);
  return print_of_all({std::string_view(reinterpret_cast<const char*>(by.data()), by.size()), name});
}

std::string timer_key(const core::key_print& of) { return "timer:" + hex_of(of); }

std::string child_key(const core::key_print& of, std::uint32_t number) {
  return "from " + hex_of(of) + ' ' + std::to_string(number);
}

keyed_export::keyed_export(std::string_view in, std::string_view of_actor, const wit::function& of)
    : pool(in), actor(of_actor), function(of.qualified_name()), result_type(result_type_of(of)) {
  ::crypto_generichash_init(&types_, nullptr, 0, std::tuple_size_v<core::request_hash>);
  add(types_, wit::encode_params(of));
  add_sized(types_, result_type);  // none is told apart from any
}

keyed_export::keyed_export(std::string_view in, std::string_view of_actor, std::string_view which,
                           std::span<const std::byte> type)
    : pool(in), actor(of_actor), function(which), result_type(type.begin(), type.end()) {}

core::request_hash keyed_export::request_of(std::span<const std::byte> packed) const {
  crypto_generichash_state state = types_;
  add(state, packed);
  return finish<std::tuple_size_v<core::request_hash>>(state);
}

const std::shared_ptr<const keyed_export>& keyed_exports::of(const std::string& pool, const wit::world& in,
                                                             const wit::function& which) {
  std::call_once(made_, [&] {
    for (const wit::function* each : in.exported_functions())
      all_.emplace(each, std::make_shared<const keyed_export>(pool, actor_, *each));
  });
  return all_.at(&which);
}

}  // namespace holdfast::detail
