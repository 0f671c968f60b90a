// Writes the header and a file that exports its function, and loads what the compiler makes of them.
#include "tests/agents/compiled_policy.h"
#include "engine/atomic_file.h"

#include <cstdlib>
#include <stdexcept>

#include <dlfcn.h>
#include <fmt/format.h>

namespace lockstep {

CompiledPolicy::CompiledPolicy(const std::string& header) {
  write_file(folder_ / "policy.h", header);
  write_file(folder_ / "policy.c",
             "#include \"policy.h\"\n"
             "void act(const float* observation, float* action);\n"
             "void act(const float* observation, float* action) { lockstep_policy(observation, action); }\n");
  const std::string library = folder_ / "policy.so", source = folder_ / "policy.c";
  const std::string command =
      fmt::format("{} -x c -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -shared -fPIC -o {} {} -lm", LOCKSTEP_COMPILER,
                  library, source);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) throw std::runtime_error(dlerror());
  act_ = reinterpret_cast<void (*)(const float*, float*)>(dlsym(library_, "act"));
  if (act_ == nullptr) throw std::runtime_error(dlerror());
}

CompiledPolicy::~CompiledPolicy() {
  if (library_ != nullptr) dlclose(library_);
}

}  // namespace lockstep
