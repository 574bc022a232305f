// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/serialize.hpp>

#include "wit/generate.hpp"
#include "wit/json.hpp"
#include "wit/packed.hpp"
#include "wit/wave.hpp"

using namespace holdfast;
using wit::testing::below;
using wit::testing::random_type;
using wit::testing::random_value;

namespace {

constexpr unsigned depth = 5;

// A case is cheap: each of RapidCheck's hundred tests looks at several.
void repeatedly(void (*one)()) {
  for (int i = 0; i < 20; ++i) one();
}

template <class T>
T good(result<T> r) {
  if (!r) RC_FAIL(r.error().message());
  return *std::move(r);
}

}  // namespace

RC_GTEST_PROP(packed, a_type_survives_packing, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    RC_ASSERT(good(wit::decode_type(wit::encode_type(t))) == t);
  });
}

RC_GTEST_PROP(packed, a_value_survives_packing, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    const wit::value v = random_value(t);
    const auto packed = good(wit::encode_value(t, v));
    RC_ASSERT(good(wit::decode(t, packed)) == v);
  });
}

RC_GTEST_PROP(packed, a_copied_value_equals_its_original, ()) {
  repeatedly([] {
    const wit::value v = random_value(random_type(depth));
    const wit::value copy = v;
    RC_ASSERT(copy == v);
  });
}

RC_GTEST_PROP(packed, a_shortened_buffer_is_refused, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    auto packed = good(wit::encode_value(t, random_value(t)));
    packed.resize(below(packed.size()));
    RC_ASSERT(wit::decode(t, packed).has_error());
  });
}

RC_GTEST_PROP(packed, random_bytes_are_a_value_or_an_error, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    const auto noise = wit::testing::draw(rc::gen::container<std::vector<std::uint8_t>>(
        rc::gen::oneOf(rc::gen::inRange<std::uint8_t>(0, 4), rc::gen::arbitrary<std::uint8_t>())));
    const auto bytes = std::as_bytes(std::span(noise));
    const auto decoded = wit::decode(t, bytes);
    // What was accepted is what the bytes say: packing it gives them back. A NaN's bits are its own, so they
    // count too.
    if (decoded) {
      const auto again = good(wit::encode_value(t, *decoded));
      RC_ASSERT(std::ranges::equal(again, bytes));
    }
  });
}

RC_GTEST_PROP(packed, a_damaged_buffer_is_a_value_or_an_error, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    auto packed = good(wit::encode_value(t, random_value(t)));
    packed[below(packed.size())] = static_cast<std::byte>(below(256));
    const auto decoded = wit::decode(t, packed);
    if (decoded) RC_ASSERT(good(wit::encode_value(t, *decoded)) == packed);
  });
}

RC_GTEST_PROP(packed, random_bytes_are_a_description_or_an_error, ()) {
  repeatedly([] {
    const auto noise = wit::testing::draw(rc::gen::container<std::vector<std::uint8_t>>(
        rc::gen::oneOf(rc::gen::inRange<std::uint8_t>(0, 24), rc::gen::just<std::uint8_t>(0))));
    const auto bytes = std::as_bytes(std::span(noise));
    const auto t = wit::decode_type(bytes);
    if (t) RC_ASSERT(std::ranges::equal(wit::encode_type(*t), bytes));
    const auto w = wit::decode_world(bytes);
    RC_ASSERT(w.has_value() || w.error() == errc::malformed_component);
  });
}

RC_GTEST_PROP(wave, a_value_survives_its_text, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    const wit::value v = random_value(t);
    const std::string text = good(wit::to_wave(t, v));
    const auto back = wit::parse_wave(t, text);
    if (!back) RC_FAIL(back.error().message() + "\n" + text + "\n" + t.to_string());
    RC_ASSERT(*back == v);
  });
}

RC_GTEST_PROP(wave, random_text_is_a_value_or_an_error, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    std::string text;
    const std::size_t length = below(30);
    constexpr std::string_view pieces = "[](){}:,\"'\\ \n-.%01ae+/somenonetrueokerr";
    for (std::size_t i = 0; i < length; ++i) text += pieces[below(pieces.size())];
    const auto parsed = wit::parse_wave(t, text);
    RC_ASSERT(parsed.has_value() || parsed.error() == errc::bad_arguments);
    if (parsed) RC_ASSERT(good(wit::parse_wave(t, good(wit::to_wave(t, *parsed)))) == *parsed);
  });
}

RC_GTEST_PROP(json, a_value_survives_its_text, ()) {
  repeatedly([] {
    const wit::type t = random_type(depth);
    const wit::value v = random_value(t);
    const std::string text = boost::json::serialize(good(wit::to_json(t, v)));
    const auto back = wit::from_json(t, good(wit::parse_json(text)));
    if (!back) RC_FAIL(back.error().message() + "\n" + text + "\n" + t.to_string());
    // A list that came from an array is one of values; packing makes the shapes equal.
    RC_ASSERT(good(wit::encode_value(t, *back)) == good(wit::encode_value(t, v)));
  });
}

RC_GTEST_PROP(json, random_text_is_a_value_or_an_error, ()) {
  repeatedly([] {
    std::string text;
    const std::size_t length = below(30);
    constexpr std::string_view pieces = "[]{}:,\"\\ \n-.01e+truefalsenull";
    for (std::size_t i = 0; i < length; ++i) text += pieces[below(pieces.size())];
    const auto parsed = wit::parse_json(text);
    RC_ASSERT(parsed.has_value() || parsed.error() == errc::bad_arguments);
  });
}
