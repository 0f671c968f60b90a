// Which of the compiled instruction sets this process runs its kernels with.
#pragma once

#include <string_view>

namespace lockstep {

// In rising order; every kernel source is compiled for each (cmake/isa.cmake), elsewhere than x86-64 for the first
// alone.
enum class Isa { kBaseline, kV3, kV4 };

// "baseline", "v3", "v4": the values of LOCKSTEP_ISA.
[[nodiscard]] std::string_view isa_name(Isa isa);

// The best one that this processor has.
[[nodiscard]] Isa best_isa();

// The one to run with: what the environment variable LOCKSTEP_ISA names, else the best. Read at every call, so that a
// batch keeps what it asked for when it was made. Error for an unknown name and for one that this processor lacks.
[[nodiscard]] Isa chosen_isa();

}  // namespace lockstep
