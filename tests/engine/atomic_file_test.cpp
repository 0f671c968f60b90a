// Tests that files appear whole or not at all, whatever the system refuses.
#include "engine/atomic_file.h"
#include "engine/appended_file.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace lockstep {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

size_t count_files(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// Runs `body` with files limited to `bytes`, writes beyond which fail with EFBIG.
void with_file_size_limit(rlim_t bytes, const std::function<void()>& body) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limited{bytes, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limited);
  body();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
}

TEST(AtomicFile, ReplacesTheOldContentOnCommitOnly) {
  const TemporaryFolder folder;
  write_file(folder / "a.txt", "old");
  AtomicFile file(folder / "a.txt");
  file.write("new");
  EXPECT_EQ(content(folder / "a.txt"), "old");
  file.commit();
  EXPECT_EQ(content(folder / "a.txt"), "new");
  EXPECT_EQ(count_files(folder.path()), 1u);
}

TEST(AtomicFile, LeavesNothingBehindWithoutCommit) {
  const TemporaryFolder folder;
  { AtomicFile(folder / "a.txt").write("half"); }
  EXPECT_EQ(count_files(folder.path()), 0u);
}

TEST(AtomicFile, GetsTheModeThatAnOrdinaryFileWouldHave) {
  const TemporaryFolder folder;
  const mode_t before = umask(027);
  write_file(folder / "a.txt", "text");
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat((folder / "a.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  write_file(folder / "a.txt", "old");
  with_file_size_limit(1000,
                       [&] { EXPECT_THROW(write_file(folder / "a.txt", std::string(5000, 'x')), MissingResource); });
  EXPECT_EQ(content(folder / "a.txt"), "old");
  EXPECT_EQ(count_files(folder.path()), 1u);
}

TEST(AtomicFile, KeepsTheOldFileWhenTheTargetCannotBeReplaced) {
  const TemporaryFolder folder;
  AtomicFile file(folder / "a");
  file.write("text");
  std::filesystem::create_directories(folder.path() / "a" / "in the way");
  EXPECT_THROW(file.commit(), Error);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "a" / "in the way"));
}

TEST(AtomicFile, SaysWhichFileAndWhyWhenTheFolderIsMissing) {
  const TemporaryFolder folder;
  try {
    write_file(folder.path() / "no" / "a.txt", "text");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("No such file or directory"), std::string::npos);
    EXPECT_EQ(error.where(), (folder.path() / "no" / "a.txt").string());
    EXPECT_NE(error.fix().find("folder exists"), std::string::npos);
  }
}

TEST(AtomicFile, RefusesAFolderAsTarget) {
  const TemporaryFolder folder;
  EXPECT_THROW(AtomicFile{folder.path()}, Error);
}

TEST(AtomicFile, RefusesAReadOnlyFolder) {
  const TemporaryFolder folder;
  write_file(folder / "a.txt", "old");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  constexpr uid_t kNobody = 65534;
  const uid_t user = geteuid();
  ASSERT_EQ(seteuid(user == 0 ? kNobody : user), 0);  // root may write everywhere
  EXPECT_THROW(write_file(folder / "a.txt", "new"), Error);
  ASSERT_EQ(seteuid(user), 0);
  EXPECT_EQ(content(folder / "a.txt"), "old");
}

TEST(ReadFile, GivesTheBytesThatWereWritten) {
  const TemporaryFolder folder;
  const std::string bytes("\0\xff\r\n", 4);
  write_file(folder / "a", bytes);
  const std::vector<std::byte> read = read_file(folder / "a");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(read.data()), read.size()), bytes);
}

TEST(ReadFile, RefusesFoldersAndMissingFiles) {
  const TemporaryFolder folder;
  EXPECT_THROW((void)read_file(folder.path()), Error);
  EXPECT_THROW((void)read_file(folder / "missing"), Error);
}

TEST(AppendedFile, CutsBackToWhatWasKept) {
  const TemporaryFolder folder;
  write_file(folder / "a.csv", "keep,drop");
  AppendedFile file(folder / "a.csv", 5);
  file.append("more");
  EXPECT_EQ(content(folder / "a.csv"), "keep,more");
  EXPECT_EQ(file.size(), 9u);
}

TEST(AppendedFile, RefusesAFileThatLostBytes) {
  const TemporaryFolder folder;
  write_file(folder / "a.csv", "keep");
  EXPECT_THROW(AppendedFile(folder / "a.csv", 5), Error);
  EXPECT_EQ(content(folder / "a.csv"), "keep");
}

TEST(AppendedFile, SaysThatTheDiskIsFull) {
  AppendedFile full("/dev/full", 0);
  EXPECT_THROW(full.append("text"), MissingResource);
}

}  // namespace
}  // namespace lockstep
