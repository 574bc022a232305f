// SPDX-License-Identifier: Apache-2.0
#include "host/journal_digest.hpp"

#include <sodium/crypto_generichash.h>

#include <cstdint>
#include <type_traits>

namespace holdfast::detail {
namespace {

class digester {
 public:
  digester() { ::crypto_generichash_init(&state_, nullptr, 0, std::tuple_size_v<record_digest>); }

  template <class Number>
    requires std::is_integral_v<Number>
  void add(Number number) {
    const auto wide = static_cast<std::uint64_t>(number);
    add_raw(std::as_bytes(std::span(&wide, 1)));
  }
  void add(std::span<const std::byte> bytes) {
    add(bytes.size());
    add_raw(bytes);
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }

  record_digest finish() {
    record_digest made{};
    ::crypto_generichash_final(&state_, reinterpret_cast<unsigned char*>(made.data()), made.size());
    return made;
  }

 private:
  void add_raw(std::span<const std::byte> bytes) {
    ::crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  crypto_generichash_state state_;
};

}  // namespace

record_digest digest_of(const journal_record& what) {
  digester of;
  of.add(std::span<const std::byte>(what.key));
  of.add(what.call.high);
  of.add(what.call.low);
  of.add(std::span<const std::byte>(what.request));
  of.add(what.pool);
  of.add(what.function);
  of.add(what.name);
  of.add(what.done);
  of.add(what.arguments.has_value());
  of.add(what.arguments.value_or(std::span<const std::byte>()));
  of.add(what.deadline.count());
  of.add(what.run_limit.count());
  of.add(what.result_type);
  of.add(std::chrono::duration_cast<std::chrono::milliseconds>(what.at.time_since_epoch()).count());
  of.add(static_cast<int>(what.what));
  of.add(std::string_view(what.code ? to_string(static_cast<errc>(what.code.value())) : ""));
  of.add(what.cell);
  of.add(what.generation);
  of.add(what.attempts);
  of.add(what.value);
  of.add(what.detail);
  of.add(what.backtrace);
  if (!what.actor.empty()) {  // version 1 knew none
    of.add(what.actor);
    of.add(what.state_lost);
  }
  return of.finish();
}

record_digest digest_of(const journal_state& what) {
  digester of;
  of.add(std::span<const std::byte>(what.actor));
  of.add(what.group);
  of.add(what.key);
  of.add(what.serial);
  of.add(std::span<const std::byte>(what.written_by));
  of.add(what.calls);
  of.add(what.open);
  of.add(what.snapshot.has_value());
  of.add(what.snapshot.value_or(std::span<const std::byte>()));
  of.add(std::chrono::duration_cast<std::chrono::milliseconds>(what.at.time_since_epoch()).count());
  return of.finish();
}

record_digest digest_of(const journal_step& what) {
  digester of;
  of.add(std::span<const std::byte>(what.actor));
  of.add(what.serial);
  of.add(std::span<const std::byte>(what.written_by));
  of.add(what.function);
  of.add(what.arguments);
  of.add(std::span<const std::byte>(what.result));
  of.add(what.tape);
  of.add(what.beginning);
  return of.finish();
}

record_digest digest_of(std::span<const std::byte> bytes) {
  digester of;
  of.add(bytes);
  return of.finish();
}

record_digest digest_of(const journal_timer& what) {
  digester of;
  of.add(std::span<const std::byte>(what.actor));
  of.add(what.name);
  of.add(what.group);
  of.add(what.key);
  of.add(std::span<const std::byte>(what.id));
  of.add(std::chrono::duration_cast<std::chrono::milliseconds>(what.due.time_since_epoch()).count());
  of.add(what.function);
  of.add(what.arguments);
  return of.finish();
}

std::string export_of(const journal_record& what) {
  std::string says;
  says.reserve(what.pool.size() + what.function.size() + what.result_type.size() + 2);
  says.append(what.pool).append(1, '\0').append(what.function).append(1, '\0');
  says.append(reinterpret_cast<const char*>(what.result_type.data()), what.result_type.size());
  return says;
}

std::optional<std::error_code> code_named(std::string_view name) noexcept {
  for (int number = 1;; ++number) {
    const std::string_view each = to_string(static_cast<errc>(number));
    if (each == "unknown") return std::nullopt;
    if (each == name) return make_error_code(static_cast<errc>(number));
  }
}

std::optional<outcome> outcome_named(std::string_view name) noexcept {
  for (int number = 1;; ++number) {
    const std::string_view each = to_string(static_cast<outcome>(number));
    if (each == "unknown") return std::nullopt;
    if (each == name) return static_cast<outcome>(number);
  }
}

std::optional<effect> effect_named(std::string_view name) noexcept {
  for (const effect each : {effect::not_executed, effect::executed, effect::unknown})
    if (name == to_string(each)) return each;
  return std::nullopt;
}

}  // namespace holdfast::detail
