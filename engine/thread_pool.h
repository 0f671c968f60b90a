// A fixed pool of threads that splits a range of indices into one contiguous part per thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace lockstep {

// `size()` threads: the caller of for_each is thread 0, the others are started once and wait. The split is static, so
// that which thread does an index depends on (n, size()) alone. One for_each at a time, and none inside another.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // >= 1, else Error
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const { return static_cast<int>(parts_.size()); }

  // f(index, thread) for every index in [0, n), thread in [0, size()); returns when all are done. Allocates nothing.
  // A part ends at its first exception; when all parts have ended, that of the lowest thread is rethrown.
  template <class Function>
  void for_each(int n, Function&& f) {
    using Plain = std::remove_reference_t<Function>;
    run(
        n, [](void* function, int index, int thread) { (*static_cast<Plain*>(function))(index, thread); },
        const_cast<void*>(static_cast<const void*>(std::addressof(f))));
  }

 private:
  using Call = void (*)(void* function, int index, int thread);
  struct alignas(64) Part {  // one cache line each: what a thread leaves behind
    std::exception_ptr exception;
  };

  void run(int n, Call call, void* function);
  void run_part(int thread) noexcept;
  void work(int thread);

  std::vector<Part> parts_;
  // The job, written before `job_` is raised and read after.
  int n_ = 0;
  Call call_ = nullptr;
  void* function_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> job_{0};  // number of the job
  alignas(64) std::atomic<int> unfinished_{0};     // threads still at the job
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;  // last: they end before what they use is destroyed
};

}  // namespace lockstep
