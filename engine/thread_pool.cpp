// Threads that wait for a job number to change, do their part of it, and count themselves out.
#include "engine/thread_pool.h"
#include "engine/error.h"

#include <string>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lockstep {
namespace {

// A step of a small batch lasts microseconds, about what the kernel needs to wake a thread: look a while before
// sleeping.
constexpr int kSpins = 2000;

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Waits until `value` is no longer `old`; the write that changed it happens before the return.
template <class Integer>
Integer wait_while_equal(const std::atomic<Integer>& value, Integer old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (const Integer now = value.load(std::memory_order_acquire); now != old) return now;
    pause_briefly();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads < 1) {
    throw Error("threads = " + std::to_string(threads) + " is below 1", "thread pool", "set threads to at least 1");
  }
  parts_.resize(static_cast<std::size_t>(threads));
  threads_.reserve(parts_.size() - 1);
  for (int thread = 1; thread < threads; ++thread) threads_.emplace_back([this, thread] { work(thread); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
}

void ThreadPool::run(int n, Call call, void* function) {
  n_ = n;
  call_ = call;
  function_ = function;
  const int others = size() - 1;
  if (others > 0) {
    unfinished_.store(others, std::memory_order_relaxed);
    job_.fetch_add(1, std::memory_order_release);
    job_.notify_all();
  }
  run_part(0);
  for (int left = unfinished_.load(std::memory_order_acquire); left != 0;) left = wait_while_equal(unfinished_, left);
  std::exception_ptr first;
  for (Part& part : parts_) {
    std::exception_ptr exception = std::exchange(part.exception, nullptr);
    if (!first) first = std::move(exception);
  }
  if (first) std::rethrow_exception(first);
}

void ThreadPool::run_part(int thread) noexcept {
  const auto n = static_cast<std::int64_t>(n_);
  const int begin = static_cast<int>(n * thread / size()), end = static_cast<int>(n * (thread + 1) / size());
  try {
    for (int index = begin; index < end; ++index) call_(function_, index, thread);
  } catch (...) {  // whatever it is, it belongs to the caller of for_each
    parts_[static_cast<std::size_t>(thread)].exception = std::current_exception();
  }
}

void ThreadPool::work(int thread) {
  std::uint32_t seen = 0;
  while (true) {
    seen = wait_while_equal(job_, seen);
    if (stop_.load(std::memory_order_relaxed)) return;
    run_part(thread);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
  }
}

}  // namespace lockstep
