// Owned arrays in GPU memory: move only, zero-filled, copied to and from the host in one piece.
// For sources that are compiled with the CUDA toolkit's headers; errors of the CUDA runtime become MissingResource.
#pragma once

#include "engine/error.h"

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <cuda_runtime.h>

namespace lockstep {

// Throws MissingResource where a call of the CUDA runtime failed; `what` says what was tried.
inline void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw MissingResource(std::string(what) + ": " + cudaGetErrorString(status), "GPU",
                        "use fewer worlds or --backend cpu; `nvidia-smi` shows the GPU's state");
}

// `size` elements of a trivially copyable type on the current device.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    check_cuda(cudaMalloc(reinterpret_cast<void**>(&data_), size * sizeof(T)), "allocating GPU memory");
    check_cuda(cudaMemset(data_, 0, size * sizeof(T)), "clearing GPU memory");
  }
  explicit DeviceBuffer(std::span<const T> source) : DeviceBuffer(source.size()) { copy_from(source); }
  ~DeviceBuffer() { cudaFree(data_); }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // All elements at once; both sides have size() elements.
  void copy_from(std::span<const T> source) {
    check_cuda(cudaMemcpy(data_, source.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "copying to the GPU");
  }
  void copy_to(std::span<T> target) const {
    check_cuda(cudaMemcpy(target.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), "copying from the GPU");
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lockstep
