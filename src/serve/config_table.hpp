// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "serve/config_overrides.hpp"
#include "serve/config_reading.hpp"
#include "serve/toml.hpp"

/// A table of the configuration, asked for its settings one by one. What is there and wrong becomes a remark;
/// what was never asked for is an unknown key.
namespace holdfast::serve {

/// What all tables of one reading share.
struct config_source {
  config_reading& to;
  std::string name{};              ///< of the file, as remarks name it
  std::filesystem::path folder{};  ///< that paths are relative to
  config_overrides overrides{};
  /// Where it is only asked which keys there are: they come here, with their defaults.
  std::map<std::string, std::string>* catalogue = nullptr;

  void error(const config_place& at, std::string_view text) const;
  void warning(const config_place& at, std::string_view text) const;
  bool is_full() const noexcept;  ///< no further error would be kept
};

/// What a number may be.
template <class Number>
struct within {
  Number least = 0;
  Number most = std::numeric_limits<Number>::max();
};

enum class endless : std::uint8_t { refused, allowed };

class config_table {
 public:
  using reader = std::function<void(config_table&)>;

  config_table(config_source& of, const toml::table& at, config_path path, std::string title);
  config_table(const config_table&) = delete;
  config_table& operator=(const config_table&) = delete;

  /// Each leaves `to` as it is where the key is not there, and where it is wrong. True: it was set.
  bool text(std::string_view key, std::string& to);
  bool flag(std::string_view key, bool& to);
  bool real(std::string_view key, double& to, within<double> range);
  bool time(std::string_view key, duration& to, within<duration::rep> nanoseconds = {},
            endless none = endless::refused);
  bool time(std::string_view key, std::optional<duration>& to, within<duration::rep> nanoseconds = {});

  template <std::unsigned_integral Number>
  bool number(std::string_view key, Number& to, within<Number> range = {}) {
    return whole(key, to, range.least, range.most, unit::none);
  }
  template <std::unsigned_integral Number>
  bool size(std::string_view key, Number& to, within<Number> range = {}) {
    return whole(key, to, range.least, range.most, unit::bytes);
  }

  /// A path, relative to the folder of the file.
  bool path(std::string_view key, std::filesystem::path& to, expected_file::kind what);

  /// One word of several: which.
  std::optional<std::size_t> word(std::string_view key, const std::vector<std::string_view>& words,
                                  std::string_view usual = "");

  /// A list of texts; from the environment also `a,b`. `each` says what is wrong with one, if anything.
  bool texts(std::string_view key, std::vector<std::string>& to,
             const std::function<std::optional<std::string>(const std::string&)>& each = {});

  /// A table in this one. The reader sees an empty one where there is none. True: it is there.
  bool table(std::string_view key, const reader& read);
  /// A list of tables: `[[principals]]`.
  void tables(std::string_view key, const reader& read);
  /// A table of tables with names of the user's: `[components.hello]`.
  void named(std::string_view key, const std::function<void(const std::string&, config_table&)>& read);
  /// Names and texts of the user's.
  void pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& to);

  /// What `read` asks for has no place here: each key of it that is there is an error which says why.
  void misplaced(std::string_view why, const reader& read);

  bool has(std::string_view key) const { return at_.contains(key); }
  /// All that stands in it, in one spelling: two that are equal say the same.
  std::string spelling() const;
  config_place place() const;
  config_place place(std::string_view key) const;
  void error(std::string_view key, std::string_view text) const { source_.error(place(key), text); }
  void error(std::string_view text) const { source_.error(place(), text); }
  config_source& source() const noexcept { return source_; }

  /// Says which keys nobody asked for. Last.
  void end();

 private:
  enum class unit : std::uint8_t { none, bytes };

  const toml::node* ask(std::string_view key, std::string_view usual);
  template <class Number>
  bool whole(std::string_view key, Number& to, std::uint64_t least, std::uint64_t most, unit in) {
    std::uint64_t wide = to;
    if (!whole_number(key, wide, least, most, in)) return false;
    to = static_cast<Number>(wide);
    return true;
  }
  bool whole_number(std::string_view key, std::uint64_t& to, std::uint64_t least, std::uint64_t most,
                    unit in);
  bool time_between(std::string_view key, const toml::node& node, duration& to,
                    within<duration::rep> nanoseconds, endless none);
  void wants(std::string_view key, std::string_view what, const toml::node& found) const;
  std::optional<std::string> text_of(std::string_view key, const toml::node& node) const;
  const config_overrides::entry* overridden(std::string_view key) const;
  config_path path_of(std::string_view key) const;
  std::string title_of(std::string_view key) const;
  config_place place_of(const config_path& path, const toml::source_region& at) const;

  config_source& source_;
  const toml::table& at_;
  config_path path_;
  std::string title_;  ///< as the documentation has it: `components.NAME`
  std::vector<std::string> asked_;
  std::string misplaced_;
};

}  // namespace holdfast::serve
