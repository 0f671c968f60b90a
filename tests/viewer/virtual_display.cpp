// Starts Xvfb on a display number of its own choosing, which it writes to a pipe: no races between tests.
#include "tests/viewer/virtual_display.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace lockstep::viewer {
namespace {

std::string problem_text = "no virtual display was started";

class StartXvfb final : public testing::Environment {
 public:
  void SetUp() override {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return;
    server_ = fork();
    if (server_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);  // it ends with the tests, however they end
      const int nowhere = open("/dev/null", O_WRONLY);
      dup2(nowhere, STDOUT_FILENO);
      dup2(nowhere, STDERR_FILENO);
      close(ends[0]);
      const std::string descriptor = std::to_string(ends[1]);
      execlp("Xvfb", "Xvfb", "-displayfd", descriptor.c_str(), "-screen", "0", "1280x1024x24", "-nolisten", "tcp",
             static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    std::string number;
    char letter = 0;
    while (read(ends[0], &letter, 1) == 1 && letter != '\n') number += letter;
    close(ends[0]);
    if (number.empty()) {
      problem_text = "Xvfb is not installed (Debian: apt-get install xvfb): the window was not tested";
      return;
    }
    setenv("DISPLAY", (":" + number).c_str(), 1);
    problem_text.clear();
  }

  void TearDown() override {
    if (server_ <= 0) return;
    kill(server_, SIGTERM);
    waitpid(server_, nullptr, 0);
  }

 private:
  pid_t server_ = -1;
};

}  // namespace

const std::string& VirtualDisplay::problem() { return problem_text; }

}  // namespace lockstep::viewer

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(std::make_unique<lockstep::viewer::StartXvfb>().release());  // GoogleTest owns it
  return RUN_ALL_TESTS();
}
