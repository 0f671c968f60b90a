// Forks, redirects to temporary files, executes, waits.
#include "tests/apps/child_process.h"

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <unistd.h>

#include <sys/wait.h>

namespace lockstep {
namespace {

std::string content(std::FILE* file) {
  std::string text;
  char buffer[4096];
  std::rewind(file);
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, count);
  return text;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& folder)
    : out_(std::tmpfile()), err_(std::tmpfile()) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ > 0) return;
  const bool ready =
      dup2(fileno(out_), STDOUT_FILENO) >= 0 && dup2(fileno(err_), STDERR_FILENO) >= 0 && chdir(folder.c_str()) == 0;
  if (ready) execv(argv.front(), argv.data());
  _exit(127);
}

ChildProcess::~ChildProcess() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  std::fclose(out_);
  std::fclose(err_);
}

void ChildProcess::send(int signal) const { kill(process_, signal); }

ChildResult ChildProcess::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = 0;
  ChildResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.out = content(out_);
  result.err = content(err_);
  return result;
}

ChildResult run_program(const std::vector<std::string>& words, const std::filesystem::path& folder) {
  return ChildProcess(words, folder).wait();
}

}  // namespace lockstep
