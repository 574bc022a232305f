// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <string>

#include "wit/json.hpp"
#include "wit/utf8.hpp"

namespace holdfast::wit {

namespace {

namespace json = boost::json;

// Each level of a WIT value may take two of JSON.
constexpr std::size_t deepest = 256;

/// Builds the value as Boost's own handler would, but reads doubles from their digits: its parser may be off
/// by one in the last place, and a number must come out as it was written.
class builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  explicit builder(json::storage_ptr memory) noexcept
      : stack_({}, first_.data(), first_.size()), memory_(std::move(memory)) {}

  json::value release() { return stack_.release(); }

  bool on_document_begin(json::error_code&) {
    stack_.reset(memory_);
    return true;
  }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t n, json::error_code&) {
    stack_.push_object(n);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t n, json::error_code&) {
    stack_.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view rest, std::size_t, json::error_code&) {
    stack_.push_key(rest);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view rest, std::size_t, json::error_code&) {
    stack_.push_string(rest);
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    digits_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    digits_.clear();
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    digits_.clear();
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double rough, json::string_view rest, json::error_code& failed) {
    digits_.append(rest.data(), rest.size());
    double number = 0;
    const char* const end = digits_.data() + digits_.size();
    const auto [stopped, what] = std::from_chars(digits_.data(), end, number);
    // Too small to tell from zero is fine, too large is not: JSON has no infinity.
    if (what == std::errc::result_out_of_range && std::abs(rough) < 1) {
      number = std::copysign(0.0, rough);
    } else if (what != std::errc() || stopped != end) {
      failed = json::error::exponent_overflow;
      return false;
    }
    digits_.clear();
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool b, json::error_code&) {
    stack_.push_bool(b);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  std::array<unsigned char, 512> first_;  // NOLINT: of the stack, written before it is read
  json::value_stack stack_;
  json::storage_ptr memory_;
  std::string digits_;
};

error broken(const std::string& why, std::size_t at) {
  return {errc::bad_arguments, "not JSON: " + why + ", at byte " + std::to_string(at) + " of the text"};
}

}  // namespace

result<json::value> parse_json(std::string_view text, json::storage_ptr memory) {
  json::parse_options strict;
  strict.max_depth = deepest;
  json::basic_parser<builder> parser(strict, std::move(memory));
  json::error_code failed;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), failed);
  if (failed) return broken(failed.message(), used);
  // What follows the value may be white space only.
  const std::size_t rest = text.find_first_not_of(" \t\r\n", used);
  if (rest != std::string_view::npos) return broken("unexpected text after the value", rest);
  return parser.handler().release();
}

}  // namespace holdfast::wit
