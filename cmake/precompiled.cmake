# Headers that are compiled once for many sources, which halves the time of most. -DLOCKSTEP_PCH=OFF does without.
#
#   lockstep_precompile(<target> <header>...)      #include lines, as <fmt/format.h>
#   lockstep_precompile_as(<target> <other>)       those of another target that has the same compile options
#
# They are headers of others: an edit of one of ours compiles no more than without. (Kernels of tasks precompile one of
# ours, which all of them include.) A source still includes what it uses, and compiles without: LOCKSTEP_PCH=OFF shows
# whether it does. ccache keeps such objects if told so: see dependencies.cmake. CLI11 and nlohmann/json are left out:
# with both, a source that uses neither takes 10 s instead of 2.
# Other compilers than g++ do without: clang and ccache together ask for more. So do builds that are not optimised (those
# with sanitizers too): over a precompiled header, g++ 12 at -O0 takes the optimised form of _mm_prefetch and rejects it.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR LOCKSTEP_SANITIZE OR NOT CMAKE_BUILD_TYPE MATCHES "^Rel")
  set(LOCKSTEP_PCH OFF)
endif()
set(LOCKSTEP_COMMON_HEADERS <algorithm> <array> <cmath> <cstdint> <cstring> <filesystem> <fstream> <functional> <limits>
  <map> <memory> <optional> <random> <span> <string> <string_view> <utility> <vector>
  <cuda/std/mdspan> <fmt/format.h> <mujoco/mujoco.h>)

function(lockstep_precompile target)
  if(LOCKSTEP_PCH)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

function(lockstep_precompile_as target other)
  if(LOCKSTEP_PCH)
    target_precompile_headers(${target} REUSE_FROM ${other})
  endif()
endfunction()
