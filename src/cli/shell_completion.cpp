// SPDX-License-Identifier: Apache-2.0
#include "cli/shell_completion.hpp"

#include <algorithm>

namespace holdfast::cli {
namespace {

// The words of `TEXT:{c,javascript,python}`. A transformer says `text in {markdown->0,html->1} OR {0,1}`:
// only what people write is offered.
std::vector<std::string> values_in(std::string_view type) {
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}', begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  std::vector<std::string> all;
  for (std::string_view rest = type.substr(begin + 1, end - begin - 1); !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view word = rest.substr(0, comma);
    all.emplace_back(word.substr(0, word.find("->")));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return all;
}

void add(const CLI::App& app, const std::string& path, std::vector<completed_command>& to) {
  completed_command one{.path = path};
  const auto inner = app.get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); });
  for (const CLI::App* each : inner) one.inner.emplace_back(each->get_name(), each->get_description());
  for (const CLI::Option* each : app.get_options()) {
    completed_option option{.about = each->get_description(),
                            .takes_value = each->get_items_expected_max() > 0,
                            .values = values_in(each->get_type_name())};
    for (const std::string& name : each->get_snames()) option.names.push_back("-" + name);
    for (const std::string& name : each->get_lnames()) option.names.push_back("--" + name);
    if (!option.names.empty()) one.options.push_back(std::move(option));
  }
  to.push_back(std::move(one));
  for (const CLI::App* each : inner)
    add(*each, path.empty() ? each->get_name() : path + " " + each->get_name(), to);
}

// In single quotation marks, for any of the shells; fish knows a backslash in them.
std::string in_quotes(std::string_view text, bool fish = false) {
  std::string all = "'";
  for (const char c : text) {
    if (c == '\'')
      all += fish ? "\\'" : "'\\''";
    else if (c == '\\' && fish)
      all += "\\\\";
    else
      all += c == '\n' ? ' ' : c;
  }
  return all + "'";
}

std::string joined(const std::vector<std::string>& words, std::string_view between = " ") {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : std::string(between)) + word;
  return all;
}

std::string inner_names(const completed_command& of) {
  std::vector<std::string> names;
  for (const auto& [name, about] : of.inner) names.push_back(name);
  return joined(names);
}

}  // namespace

std::vector<completed_command> commands_of(const CLI::App& app) {
  std::vector<completed_command> all;
  add(app, "", all);
  return all;
}

std::string bash_completion(const std::vector<completed_command>& all) {
  std::string inner;
  std::string options;
  std::string values;
  for (const completed_command& one : all) {
    if (!one.inner.empty())
      inner += "    " + in_quotes(one.path) + ") inner=" + in_quotes(inner_names(one)) + " ;;\n";
    std::vector<std::string> names;
    for (const completed_option& option : one.options) {
      names.insert(names.end(), option.names.begin(), option.names.end());
      if (!option.takes_value) continue;
      for (const std::string& name : option.names)
        values += "    " + in_quotes(one.path + " " + name) +
                  ") takes=1 values=" + in_quotes(joined(option.values)) + " ;;\n";
    }
    options += "    " + in_quotes(one.path) + ") options=" + in_quotes(joined(names)) + " ;;\n";
  }
  return "# Completion of holdfast for bash: source it, or put it into "
         "~/.local/share/bash-completion/completions/holdfast\n"
         "_holdfast_inner() {\n  inner=''\n  case $1 in\n" +
         inner +
         "  esac\n}\n"
         "_holdfast_options() {\n  options=''\n  case $1 in\n" +
         options +
         "  esac\n}\n"
         "_holdfast_values() {\n  takes='' values=''\n  case $1 in\n" +
         values + R"(  esac
}
_holdfast() {
  local current=${COMP_WORDS[COMP_CWORD]} path='' inner options takes values word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    _holdfast_values "$path $word"
    if [[ -n $takes ]]; then
      ((at++))
      continue
    fi
    _holdfast_inner "$path"
    if [[ -n $word && " $inner " == *" $word "* ]]; then path=${path:+$path }$word; fi
  done
  COMPREPLY=()
  _holdfast_values "$path ${COMP_WORDS[COMP_CWORD - 1]}"
  if [[ -n $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    return
  fi
  if [[ -z $takes && $current == -* ]]; then
    _holdfast_options "$path"
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  _holdfast_inner "$path"
  if [[ -z $takes && -n $inner ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$inner" -- "$current")
    return
  fi
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -F _holdfast holdfast
)";
}

std::string zsh_completion(const std::vector<completed_command>& all) {
  // A colon ends a name, and brackets the description.
  const auto escaped = [](std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == ':' || c == '[' || c == ']') out += '\\';
      out += c;
    }
    return out;
  };
  std::string text =
      "#compdef holdfast\n# Completion of holdfast for zsh: a file `_holdfast` in a folder of $fpath.\n";
  for (const completed_command& one : all) {
    std::string function = "_holdfast";
    for (const char c : one.path.empty() ? "" : "_" + one.path) function += c == ' ' ? '_' : c;
    text += function + "() {\n  local context state state_descr line\n  typeset -A opt_args\n  _arguments -C";
    for (const completed_option& option : one.options)
      for (const std::string& name : option.names) {
        std::string spec = name + "[" + escaped(option.about) + "]";
        if (option.takes_value)
          spec += option.values.empty() ? ":value:_files" : ":value:(" + joined(option.values) + ")";
        text += " \\\n    " + in_quotes(spec);
      }
    if (one.inner.empty()) {
      text += " \\\n    '*:file:_files'\n}\n";
      continue;
    }
    text +=
        " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n    command)\n"
        "      local -a commands=(\n";
    for (const auto& [name, about] : one.inner)
      text += "        " + in_quotes(name + ":" + escaped(about)) + "\n";
    text += "      )\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
    for (const auto& [name, about] : one.inner)
      text += "        " + name + ") " + function + "_" + name + " ;;\n";
    text += "      esac ;;\n  esac\n}\n";
  }
  return text + "_holdfast \"$@\"\n";
}

std::string fish_completion(const std::vector<completed_command>& all) {
  std::vector<std::string> paths;
  for (const completed_command& one : all)
    if (!one.path.empty()) paths.push_back(in_quotes(one.path, true));
  std::string text =
      "# Completion of holdfast for fish: put it into ~/.config/fish/completions/holdfast.fish\n"
      "# Whether the words before the cursor lead to this command.\n"
      "function __holdfast_at\n  set -l path\n  for word in (commandline -opc)[2..-1]\n"
      "    set -l longer $path $word\n    if contains -- \"$longer\" " +
      joined(paths) + "\n      set path $longer\n    end\n  end\n  test \"$path\" = \"$argv[1]\"\nend\n";
  for (const completed_command& one : all) {
    const std::string when = in_quotes("__holdfast_at " + in_quotes(one.path, true), true);
    for (const auto& [name, about] : one.inner)
      text += "complete -c holdfast -f -n " + when + " -a " + name + " -d " + in_quotes(about, true) + "\n";
    for (const completed_option& option : one.options) {
      text += "complete -c holdfast -n " + when;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (option.takes_value)
        text += option.values.empty() ? " -r" : " -x -a " + in_quotes(joined(option.values), true);
      text += " -d " + in_quotes(option.about, true) + "\n";
    }
  }
  return text;
}

}  // namespace holdfast::cli
