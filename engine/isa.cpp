// Asks the processor, and the environment variable LOCKSTEP_ISA, for the instruction set to run with.
#include "engine/isa.h"
#include "engine/error.h"

#include <array>
#include <cstdlib>
#include <string>

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 3> kNames{"baseline", "v3", "v4"};

}  // namespace

std::string_view isa_name(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

Isa best_isa() {
#if defined(__x86_64__)
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v4) return Isa::kV4;
  if (v3) return Isa::kV3;
#endif
  return Isa::kBaseline;
}

Isa chosen_isa() {
  const char* const wish = std::getenv("LOCKSTEP_ISA");
  if (wish == nullptr || *wish == '\0') return best_isa();
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != wish) continue;
    const Isa isa = static_cast<Isa>(i);
    if (isa > best_isa()) {
      throw Error("this processor lacks the instruction set " + std::string(wish), "environment variable LOCKSTEP_ISA",
                  "unset it, or set it to " + std::string(isa_name(best_isa())));
    }
    return isa;
  }
  throw Error("unknown instruction set '" + std::string(wish) + "'", "environment variable LOCKSTEP_ISA",
              "set it to baseline, v3 or v4, or unset it");
}

}  // namespace lockstep
