// Makes C++ source into a loaded library with the machine's own compiler, and keeps what was made in the user's cache.
#pragma once

#include "engine/isa.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace lockstep {

// A library that is loaded for as long as the object lives.
class LoadedLibrary {
 public:
  // Error with the loader's reason.
  explicit LoadedLibrary(const std::filesystem::path& file);
  ~LoadedLibrary();
  LoadedLibrary(const LoadedLibrary&) = delete;
  LoadedLibrary& operator=(const LoadedLibrary&) = delete;

  // Address of an extern "C" function; nullptr where there is none of that name.
  [[nodiscard]] void* find(const std::string& name) const;

 private:
  void* handle_ = nullptr;
};

struct CompiledSource {
  std::unique_ptr<LoadedLibrary> library;
  bool was_cached = false;
};

// The compiler: what LOCKSTEP_CXX names, else c++, g++ or clang++ on the PATH; empty where there is none.
[[nodiscard]] std::filesystem::path system_compiler();

// Compiles `source`, which may include "kernels/math.h", for an instruction set, or takes what an earlier call left in
// `cache` (whole, and made by this version, this compiler and these headers: the name is a hash of them all).
// Errors: MissingResource where there is no compiler; Error where it fails, with its first message, and where the cache
// cannot be written. A stop ends the compiler and gives nothing.
[[nodiscard]] std::optional<CompiledSource> compile_source(const std::string& source, Isa isa,
                                                           const std::filesystem::path& cache, std::stop_token stop);

}  // namespace lockstep
