// Runs ffmpeg in a process group of its own (Ctrl-C is ours to handle) and feeds it through a pipe.
#include "viewer/video_writer.h"
#include "engine/error.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace lockstep::viewer {
namespace {

// A write into a pipe that ffmpeg has closed is an error to report, not a signal to die of.
class IgnoredPipeSignal {
 public:
  IgnoredPipeSignal() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoredPipeSignal() { std::signal(SIGPIPE, before_); }
  IgnoredPipeSignal(const IgnoredPipeSignal&) = delete;
  IgnoredPipeSignal& operator=(const IgnoredPipeSignal&) = delete;

 private:
  void (*before_)(int);
};

// Starts `words` with `input` as standard input (or /dev/null for -1), standard error into `messages`, standard output
// nowhere. Returns the process, or 0 where the program could not be started.
pid_t start(const std::vector<std::string>& words, int input, int messages) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t process = 0;
  if (posix_spawnp(&process, argv.front(), &actions, &attributes, argv.data(), environ) != 0) process = 0;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return process;
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

struct CloseFile {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the owner that the check asks for is this deleter's unique_ptr.
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Messages = std::unique_ptr<std::FILE, CloseFile>;

std::string text_of(std::FILE* messages) {
  std::string text(2000, '\0');
  std::rewind(messages);
  text.resize(std::fread(text.data(), 1, text.size(), messages));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::ranges::replace(text, '\n', ';');
  return text;
}

enum class Encoder { kNone, kGif, kH264 };

// What this machine's ffmpeg can write, found by encoding one black picture to nowhere.
Encoder find_encoder(const std::string& program) {
  const Messages nowhere(std::fopen("/dev/null", "w"));
  const auto probe = [&](const char* codec) {
    const pid_t process = start({program, "-v", "error", "-f", "lavfi", "-i", "color=size=64x64:duration=0.04", "-c:v",
                                 codec, "-f", "null", "-"},
                                -1, fileno(nowhere.get()));
    return process == 0 ? 127 : wait_for(process);
  };
  const int result = probe("libx264");
  if (result == 0) return Encoder::kH264;
  return result != 127 && probe("gif") == 0 ? Encoder::kGif : Encoder::kNone;
}

std::vector<std::string> encoder_command(const VideoFormat& format, Encoder encoder, const std::string& file) {
  std::vector<std::string> words = {format.encoder,
                                    "-v",
                                    "error",
                                    "-f",
                                    "rawvideo",
                                    "-pix_fmt",
                                    "rgb24",
                                    "-s",
                                    fmt::format("{}x{}", format.width, format.height),
                                    "-r",
                                    fmt::format("{}", format.frames_per_second),
                                    "-i",
                                    "-",
                                    "-an"};
  const std::vector<std::string> h264 = {"-c:v",     "libx264", "-preset",   "veryfast",   "-crf", "23",
                                         "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f",   "mp4"};
  const std::vector<std::string> gif = {"-vf", "scale=400:-1,split[a][b];[a]palettegen[p];[b][p]paletteuse", "-f",
                                        "gif"};
  const std::vector<std::string>& rest = encoder == Encoder::kH264 ? h264 : gif;
  words.insert(words.end(), rest.begin(), rest.end());
  words.insert(words.end(), {"-y", file});
  return words;
}

}  // namespace

struct VideoWriter::Child {
  IgnoredPipeSignal no_pipe_signal;
  Messages messages{std::tmpfile()};
  int pipe = -1;      // we write, it reads
  pid_t process = 0;  // 0: ended

  int end() {
    if (pipe >= 0) close(std::exchange(pipe, -1));
    return process == 0 ? 0 : wait_for(std::exchange(process, 0));
  }
};

VideoWriter::VideoWriter(const std::filesystem::path& stem, const VideoFormat& format)
    : format_(format), child_(std::make_unique<Child>()) {
  const Encoder encoder = find_encoder(format.encoder);
  if (encoder == Encoder::kNone) {
    throw MissingResource("no video encoder was found", format.encoder + " on PATH",
                          "install ffmpeg (Debian: apt-get install ffmpeg)");
  }
  target_ = stem.string() + (encoder == Encoder::kH264 ? ".mp4" : ".gif");
  file_ = std::make_unique<AtomicFile>(target_);
  int ends[2] = {-1, -1};
  if (!child_->messages || pipe2(ends, O_CLOEXEC) != 0)
    throw MissingResource("no pipe to the video encoder", std::strerror(errno), "close other programs, try again");
  child_->pipe = ends[1];
  const std::vector<std::string> words = encoder_command(format_, encoder, file_->temporary().string());
  child_->process = start(words, ends[0], fileno(child_->messages.get()));
  close(ends[0]);
}

VideoWriter::~VideoWriter() {
  if (child_->process == 0) return;
  kill(child_->process, SIGKILL);
  child_->end();
}

void VideoWriter::add_frame(std::span<const std::uint8_t> rgb) {
  while (!rgb.empty()) {
    const ssize_t written = write(child_->pipe, rgb.data(), rgb.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    rgb = rgb.subspan(static_cast<size_t>(written));
  }
}

std::filesystem::path VideoWriter::finish() {
  if (child_->end() != 0) fail();
  file_->commit();
  return target_;
}

void VideoWriter::fail() {
  child_->end();
  const std::string words = text_of(child_->messages.get());
  const std::string problem = fmt::format("the video encoder failed: {}", words.empty() ? "no reason given" : words);
  if (words.find("No space left") != std::string::npos)
    throw MissingResource(problem, target_.string(), "free space on this disk");
  throw Error(problem, target_.string(), "go on without a video (train and eval: --no-video)");
}

}  // namespace lockstep::viewer
