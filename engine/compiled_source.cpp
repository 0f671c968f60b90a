// Runs the compiler as a process of its own and loads what it made. The kernel headers that sources include are inside
// this program (generated/engine/kernel_headers.h), so that an installed one needs no source tree.
#include "engine/compiled_source.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "engine/sha256.h"
#include "generated/engine/kernel_headers.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace lockstep {

namespace fs = std::filesystem;

LoadedLibrary::LoadedLibrary(const fs::path& file) : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) {
    const char* reason = dlerror();
    throw Error(reason == nullptr ? "cannot be loaded" : reason, file.string(), "delete it: it will be made again");
  }
}

LoadedLibrary::~LoadedLibrary() { dlclose(handle_); }

void* LoadedLibrary::find(const std::string& name) const { return dlsym(handle_, name.c_str()); }

namespace {

bool is_program(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && access(file.c_str(), X_OK) == 0;
}

fs::path on_path(std::string_view name) {
  const char* const path = std::getenv("PATH");
  std::stringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (fs::path file = fs::path(folder) / name; !folder.empty() && is_program(file)) return file;
  }
  return {};
}

// Flags of the kernels themselves (cmake/isa.cmake), but for what straight-line code does not need. Measured on the
// humanoid: -O1 is a fifth slower where it factors; substituting expressions into their uses costs 5 %.
std::vector<std::string> flags_for(Isa isa) {
  std::vector<std::string> flags{"-std=c++20",
                                 "-O2",
                                 "-fPIC",
                                 "-shared",
                                 "-w",
                                 "-Wno-psabi",
                                 "-fno-tree-ter",
                                 "-fno-math-errno",
                                 "-fno-trapping-math",
                                 "-ffp-contract=fast"};
  if (isa == Isa::kV3) flags.insert(flags.end(), {"-march=x86-64-v3", "-DLOCKSTEP_ISA_TAG=V3"});
  if (isa == Isa::kV4) flags.insert(flags.end(), {"-march=x86-64-v4", "-DLOCKSTEP_ISA_TAG=V4"});
  return flags;
}

std::string hash_of(std::string_view text) { return to_hex(sha256(std::as_bytes(std::span(text)))); }

// Everything that the made library depends on.
std::string key_of(const std::string& source, const fs::path& compiler, const std::vector<std::string>& flags) {
  std::error_code ignored;
  std::string text =
      fmt::format("{}\n{}\n{}\n", fs::canonical(compiler, ignored).string(), fs::file_size(compiler, ignored),
                  fs::last_write_time(compiler, ignored).time_since_epoch().count());
  for (const std::string& flag : flags) text += flag + "\n";
  text += kernel_headers::kLanes;
  text += kernel_headers::kMath;
  return hash_of(text + source).substr(0, 32);
}

// A child process whose messages go to a file; ended with its group where the caller stops.
int run_to_end(const std::vector<std::string>& command, const fs::path& messages, const std::stop_token& stop) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int failed = posix_spawn(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw Error(fmt::format("cannot be run: {}", std::strerror(failed)), command[0], "set LOCKSTEP_CXX");
  bool stopped = false;
  int status = 0;
  while (waitpid(child, &status, stopped ? 0 : WNOHANG) == 0) {
    if (stop.stop_requested()) {
      kill(-child, SIGKILL);
      stopped = true;
      continue;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return stopped || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

// What was made earlier, where it is whole: its digest stands beside it.
bool is_whole(const fs::path& library, const fs::path& digest) {
  std::error_code ignored;
  if (!fs::is_regular_file(library, ignored) || !fs::is_regular_file(digest, ignored)) return false;
  const std::vector<std::byte> expected = read_file(digest);
  const std::string_view text(reinterpret_cast<const char*>(expected.data()), expected.size());
  return to_hex(sha256(read_file(library))) == text;
}

std::string first_message(const fs::path& messages) {
  std::error_code ignored;
  if (!fs::is_regular_file(messages, ignored)) return "no message";
  const std::vector<std::byte> bytes = read_file(messages);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.empty() ? "no message" : std::string(text.substr(0, text.find('\n')));
}

// A folder for one compilation, removed with all that is in it.
class WorkFolder {
 public:
  explicit WorkFolder(const fs::path& cache) {
    std::string name = (cache / "making.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw Error(fmt::format("cannot be written: {}", std::strerror(errno)), cache.string(),
                  "free some space, mend its permissions, or set LOCKSTEP_CACHE to another folder");
    }
    path_ = name;
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Writes the source and the headers it includes; compiles; puts library and digest into the cache, the digest last.
bool make_library(const std::string& source, const fs::path& compiler, std::vector<std::string> flags,
                  const fs::path& library, const fs::path& digest, const std::stop_token& stop) {
  const WorkFolder folder(library.parent_path());
  fs::create_directory(folder.path() / "kernels");
  write_file(folder.path() / "kernels" / "lanes.h", kernel_headers::kLanes);
  write_file(folder.path() / "kernels" / "math.h", kernel_headers::kMath);
  const fs::path input = folder.path() / "pieces.cpp", output = folder.path() / "pieces.so",
                 messages = folder.path() / "messages";
  write_file(input, source);
  std::vector<std::string> command{compiler.string()};
  command.insert(command.end(), flags.begin(), flags.end());
  command.insert(command.end(), {"-I" + folder.path().string(), "-o", output.string(), input.string()});
  const int code = run_to_end(command, messages, stop);
  if (stop.stop_requested()) return false;
  if (code != 0) {
    throw Error(fmt::format("the compiler failed: {}", first_message(messages)), compiler.string(),
                "set LOCKSTEP_CXX to a C++20 compiler (g++ 11 or newer)");
  }
  const std::vector<std::byte> made = read_file(output);
  write_file(library, made);
  write_file(digest, to_hex(sha256(made)));
  return true;
}

}  // namespace

fs::path system_compiler() {
  if (const char* named = std::getenv("LOCKSTEP_CXX"); named != nullptr && *named != '\0') {
    const fs::path file(named);
    if (file.has_parent_path()) return is_program(file) ? file : fs::path{};
    return on_path(named);
  }
  for (const char* name : {"c++", "g++", "clang++"}) {
    if (fs::path file = on_path(name); !file.empty()) return file;
  }
  return {};
}

std::optional<CompiledSource> compile_source(const std::string& source, Isa isa, const fs::path& cache,
                                             std::stop_token stop) {
  const fs::path compiler = system_compiler();
  if (compiler.empty()) {
    throw MissingResource("there is no C++ compiler", "PATH", "install g++, or set LOCKSTEP_CXX to a C++20 compiler");
  }
  const std::vector<std::string> flags = flags_for(isa);
  const std::string key = key_of(source, compiler, flags);
  const fs::path library = cache / (key + ".so"), digest = cache / (key + ".sha256");
  if (is_whole(library, digest)) return CompiledSource{std::make_unique<LoadedLibrary>(library), true};
  std::error_code failure;
  fs::create_directories(cache, failure);
  if (failure) {
    throw Error(fmt::format("cannot be made: {}", failure.message()), cache.string(),
                "mend its permissions, or set LOCKSTEP_CACHE to another folder");
  }
  if (!make_library(source, compiler, flags, library, digest, stop)) return std::nullopt;
  return CompiledSource{std::make_unique<LoadedLibrary>(library), false};
}

}  // namespace lockstep
