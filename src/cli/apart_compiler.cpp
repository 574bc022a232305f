// SPDX-License-Identifier: Apache-2.0
#include "cli/apart_compiler.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "serve/units.hpp"

extern char** environ;

namespace holdfast::cli {
namespace {

constexpr std::size_t longest_answer = 64U << 10;

// A directory of this process's own, gone with it.
class passing_cache {
 public:
  passing_cache() {
    std::string name = (std::filesystem::temp_directory_path() / "holdfast-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  passing_cache(const passing_cache&) = delete;
  passing_cache& operator=(const passing_cache&) = delete;
  ~passing_cache() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct ended_process {
  int status = -1;
  bool late = false;
  std::string out{};
};

// Reads what it prints until it ends, or the time is over; then it is killed.
result<ended_process> run(const std::vector<std::string>& command, duration limit) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return error(errc::no_resources, std::strerror(errno));
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  // The server blocks the signals that it waits for; a child must not.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  const int failed = ::posix_spawn(&child, "/proc/self/exe", &files, &how, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&how);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    return error(errc::no_resources,
                 std::string("no process can be started to compile in: ") + std::strerror(failed));
  }
  ended_process told;
  const time_point until = limit == no_limit ? time_point::max() : std::chrono::steady_clock::now() + limit;
  std::array<char, 4096> piece;  // NOLINT: written before it is read
  for (;;) {
    int wait = -1;
    if (until != time_point::max())
      wait = static_cast<int>(std::max<std::int64_t>(
          0, std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count()));
    pollfd from{ends[0], POLLIN, 0};
    const int ready = ::poll(&from, 1, wait);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      told.late = true;
      ::kill(child, SIGKILL);
      break;
    }
    const ssize_t got = ::read(ends[0], piece.data(), piece.size());
    if (got <= 0) break;
    if (told.out.size() < longest_answer) told.out.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  while (::waitpid(child, &told.status, 0) < 0 && errno == EINTR) {
  }
  return told;
}

// What the process said is wrong, or how it ended.
error reason(const ended_process& told, const serve::config& of) {
  if (told.late || (WIFSIGNALED(told.status) && WTERMSIG(told.status) == SIGXCPU))
    return {errc::limit, "compiling it took longer than `compile_limit`, " +
                             serve::written(of.compile_limit.value_or(no_limit))};
  boost::system::error_code bad;
  const auto json = boost::json::parse(told.out, bad);
  if (!bad && json.is_object())
    if (const auto* const detail = json.as_object().if_contains("detail");
        detail != nullptr && detail->is_string())
      return {errc::malformed_component, std::string(detail->as_string())};
  return {errc::limit, "the process that compiled it was ended: it wanted more than `compile_memory`, " +
                           serve::written_size(of.compile_memory) + ", as a rule"};
}

}  // namespace

serve::component_loader apart_compiler(const serve::config& of) {
  // Of `of` only what loading needs, for it may be gone when a reload loads again.
  serve::config limits;
  limits.compile_limit = of.compile_limit;
  limits.compile_memory = of.compile_memory;
  const auto passing = of.cache.empty() ? std::make_shared<passing_cache>() : nullptr;
  return [limits, passing](const engine& with, const serve::component_settings& one,
                           const compile_options& options) -> result<component> {
    compile_options cached = options;
    if (passing != nullptr) cached.cache = passing->path();
    if (!cached.cache.empty()) {
      std::vector<std::string> command{
          "holdfast",
          "compile",
          "--json",
          "--cache=" + cached.cache.string(),
          "--memory-limit=" + std::to_string(limits.compile_memory),
          "--time-limit=" + serve::written(limits.compile_limit.value_or(no_limit))};
      if (one.metered) command.emplace_back("--metered");
      if (one.deterministic) command.emplace_back("--deterministic");
      command.emplace_back("--");
      command.push_back(one.path.string());
      const auto told = run(command, limits.compile_limit.value_or(no_limit));
      if (!told) return told.error();
      if (!WIFEXITED(told->status) || WEXITSTATUS(told->status) != 0) return reason(*told, limits);
    }
    return component::load(with, one.path, cached);
  };
}

}  // namespace holdfast::cli
