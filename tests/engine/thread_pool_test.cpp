// Tests the fixed thread pool: every index once, static split, exceptions, reuse.
#include "engine/thread_pool.h"
#include "engine/error.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

struct PoolOf : testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, PoolOf, testing::Values(1, 2, 3, 8));

TEST_P(PoolOf, VisitsEveryIndexOnce) {
  ThreadPool pool(GetParam());
  for (const int n : {0, 1, 2, 7, 8, 1000}) {
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
    pool.for_each(n, [&](int index, int) { ++visits[static_cast<std::size_t>(index)]; });
    for (int i = 0; i < n; ++i) EXPECT_EQ(visits[static_cast<std::size_t>(i)], 1) << "index " << i << " of " << n;
  }
}

TEST_P(PoolOf, GivesEachThreadOneContiguousPartOfTheRange) {
  ThreadPool pool(GetParam());
  std::vector<int> owner(101);
  pool.for_each(101, [&](int index, int thread) { owner[static_cast<std::size_t>(index)] = thread; });
  for (std::size_t i = 1; i < owner.size(); ++i) EXPECT_GE(owner[i], owner[i - 1]);
  EXPECT_EQ(owner.front(), 0);
  EXPECT_EQ(owner.back(), GetParam() - 1);
}

TEST_P(PoolOf, MakesTheWorkOfOneJobVisibleToTheNext) {
  ThreadPool pool(GetParam());
  constexpr int kIndices = 64, kJobs = 500;
  std::vector<int> a(kIndices, 0), b(kIndices, 0);  // plain ints: a missing barrier is a data race
  for (int job = 0; job < kJobs; ++job) {
    std::vector<int>&from = job % 2 == 0 ? a : b, &to = job % 2 == 0 ? b : a;
    pool.for_each(kIndices, [&](int i, int) {
      to[static_cast<std::size_t>(i)] = from[static_cast<std::size_t>(kIndices - 1 - i)] + 1;
    });
  }
  for (int i = 0; i < kIndices; ++i) EXPECT_EQ(a[static_cast<std::size_t>(i)], kJobs);
}

TEST_P(PoolOf, RethrowsTheExceptionOfTheLowestThreadAndStaysUsable) {
  ThreadPool pool(GetParam());
  try {
    pool.for_each(16, [](int index, int thread) {
      if (index % 2 == 1) throw std::runtime_error("thread " + std::to_string(thread));
    });
    FAIL() << "expected an exception";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), std::string("thread 0"));
  }
  std::atomic<int> sum = 0;
  pool.for_each(10, [&](int index, int) { sum += index; });
  EXPECT_EQ(sum, 45);
}

TEST_P(PoolOf, LetsTheOtherPartsFinishWhenOneThrows) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> done(static_cast<std::size_t>(GetParam()));
  EXPECT_THROW(pool.for_each(GetParam(),
                             [&](int index, int thread) {
                               if (index == 0) throw std::runtime_error("first part");
                               done[static_cast<std::size_t>(thread)] = 1;
                             }),
               std::runtime_error);
  for (int thread = 1; thread < GetParam(); ++thread) EXPECT_EQ(done[static_cast<std::size_t>(thread)], 1);
}

TEST(ThreadPool, RefusesToHaveNoThread) {
  try {
    ThreadPool pool(0);
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("threads = 0"), std::string::npos);
    EXPECT_NE(error.fix().find("at least 1"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
