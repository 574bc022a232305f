// SPDX-License-Identifier: Apache-2.0
#include "engine/http_traffic.hpp"

#include <string>
#include <utility>

#include "engine/bridge_error.hpp"

namespace holdfast::bridge {
namespace {

using told_function = std::function<void()>;

extern "C" void holdfast_traffic_told(void* context) { (*static_cast<told_function*>(context))(); }
extern "C" void holdfast_traffic_drop(void* context) { delete static_cast<told_function*>(context); }

// Packed as the bridge has fields: a count, then the length and the bytes of each name and value.
void put(std::string& into, std::size_t number) {
  for (int shift = 0; shift < 32; shift += 8) into.push_back(static_cast<char>(number >> shift & 0xff));
}
void put(std::string& into, std::string_view text) {
  put(into, text.size());
  into.append(text);
}

class field_reader {
 public:
  explicit field_reader(std::span<const std::byte> packed) noexcept : left_(packed) {}
  std::size_t number() noexcept {
    std::size_t read = 0;
    for (std::size_t i = 4; i-- > 0;) read = read << 8 | std::to_integer<std::size_t>(left_[i]);
    left_ = left_.subspan(4);
    return read;
  }
  std::string text() {
    const std::size_t size = number();
    std::string read(reinterpret_cast<const char*>(left_.data()), size);
    left_ = left_.subspan(size);
    return read;
  }

 private:
  std::span<const std::byte> left_;
};

constexpr http_flow flow_of(hfb_flow now) noexcept {
  switch (now) {
    case HFB_FLOW_OPEN:
      return http_flow::open;
    case HFB_FLOW_WAITING:
      return http_flow::waiting;
    case HFB_FLOW_ENDED:
      return http_flow::ended;
    case HFB_FLOW_LOST:
      return http_flow::lost;
  }
  return http_flow::lost;
}

constexpr http_fault fault_of(hfb_exchange_fault why) noexcept {
  switch (why) {
    case HFB_EXCHANGE_FAULT_NONE:
      return http_fault::none;
    case HFB_EXCHANGE_FAULT_NOT_BEGUN:
      return http_fault::not_begun;
    case HFB_EXCHANGE_FAULT_LOST:
      return http_fault::lost;
    case HFB_EXCHANGE_FAULT_NO_RESPONSE:
      return http_fault::no_response;
    case HFB_EXCHANGE_FAULT_GUEST_ERROR:
      return http_fault::guest_error;
    case HFB_EXCHANGE_FAULT_CUT_SHORT:
      return http_fault::cut_short;
    case HFB_EXCHANGE_FAULT_TOO_LARGE:
      return http_fault::too_large;
  }
  return http_fault::lost;
}

template <class Wait>
http_flow wait(const hfb_exchange* at, told_function told, Wait wait_for) {
  if (!told) return flow_of(wait_for(at, nullptr));
  const hfb_waker waker{new told_function(std::move(told)), holdfast_traffic_told, holdfast_traffic_drop};
  return flow_of(wait_for(at, &waker));
}

}  // namespace

result<std::shared_ptr<http_traffic>> http_traffic::make(const http_request_head& head) {
  std::string fields;
  put(fields, head.fields.size());
  for (const http_field& each : head.fields) {
    put(fields, each.name);
    put(fields, each.value);
  }
  const hfb_request_head parts{slice_of(head.method), slice_of(head.scheme), slice_of(head.authority),
                               slice_of(head.target), slice_of(fields)};
  hfb_exchange* raw = nullptr;
  if (hfb_error* failed = hfb_exchange_new(&parts, &raw))
    return error(errc::bad_arguments, to_error(failed).detail);
  exchange_handle made(raw);
  const std::size_t bytes = fields.size() + head.target.size() + head.authority.size();
  return std::shared_ptr<http_traffic>(new http_traffic(std::move(made), bytes));
}

void http_traffic::over(std::string_view why) noexcept { hfb_exchange_refuse(raw(), slice_of(why)); }

http_flow http_traffic::room(std::function<void()> told) {
  return wait(raw(), std::move(told), hfb_exchange_room);
}

std::size_t http_traffic::push(std::span<const std::byte> some) noexcept {
  return hfb_exchange_push(raw(), slice_of(some));
}

void http_traffic::end_push(bool lost) noexcept { hfb_exchange_end_push(raw(), lost); }

http_flow http_traffic::news(std::function<void()> told) {
  return wait(raw(), std::move(told), hfb_exchange_news);
}

std::optional<http_response_head> http_traffic::take_head() {
  http_response_head head;
  hfb_bytes packed{};
  if (!hfb_exchange_take_head(raw(), &head.status, &packed)) return std::nullopt;
  const core::buffer held = buffer_of(packed);
  field_reader reader(held.bytes());
  const std::size_t count = reader.number();
  head.fields.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    http_field& each = head.fields.emplace_back();
    each.name = reader.text();
    each.value = reader.text();
  }
  return head;
}

std::size_t http_traffic::read(std::span<std::byte> into) noexcept {
  return hfb_exchange_read(raw(), reinterpret_cast<std::uint8_t*>(into.data()), into.size());
}

http_trouble http_traffic::trouble() const {
  hfb_bytes text{};
  const http_fault what = fault_of(hfb_exchange_fault_of(raw(), &text));
  const core::buffer held = buffer_of(text);
  const auto bytes = held.bytes();
  return {what, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
}

void http_traffic::abandon() noexcept {
  abandoned_.store(true);
  hfb_exchange_abandon(raw());
}

}  // namespace holdfast::bridge
