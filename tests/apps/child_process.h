// Runs a program as a test's user would: words in, exit code and texts out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lockstep {

struct ChildResult {
  int exit_code = -1;    // -1: ended by a signal
  int signal = 0;        // 0: none
  std::string out, err;  // standard output and standard error
};

// A program in a process of its own; the first word is its path. `folder` is its working folder.
class ChildProcess {
 public:
  ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& folder);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send(int signal) const;
  [[nodiscard]] ChildResult wait();

 private:
  std::FILE* out_;
  std::FILE* err_;
  pid_t process_ = 0;
};

[[nodiscard]] ChildResult run_program(const std::vector<std::string>& words, const std::filesystem::path& folder);

}  // namespace lockstep
