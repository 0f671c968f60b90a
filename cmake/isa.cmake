# Compiles kernel sources once per instruction set: baseline, x86-64-v3, x86-64-v4.
#
#   lockstep_isa_objects(<target> <source>... [PRECOMPILE <header>...])
#
# Each source becomes three objects of <target>, compiled with LOCKSTEP_ISA_TAG=Baseline, V3 and V4 (a struct of
# kernels/lanes.h in namespace isa, which every lane type carries, so that the linker cannot merge a template of one
# instruction set with another's; tests/tools/isa_symbols_test.py checks that). Other processors get the baseline alone.
# Such a source includes kernels only: no containers, no streams.
set(LOCKSTEP_ISAS Baseline)
set(LOCKSTEP_ISA_FLAGS_Baseline "")
set(LOCKSTEP_ISA_FLAGS_V3 -march=x86-64-v3)
set(LOCKSTEP_ISA_FLAGS_V4 -march=x86-64-v4)
# Lanes are copied register by register, where g++ takes 16 bytes at a time for these processors and then waits for its
# own stores: about 5 % of the time of humanoid and half_cheetah, a fifth of the manipulator's.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
  list(APPEND LOCKSTEP_ISA_FLAGS_V3 -mmove-max=256 -mstore-max=256)
  list(APPEND LOCKSTEP_ISA_FLAGS_V4 -mmove-max=512 -mstore-max=512)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  list(APPEND LOCKSTEP_ISAS V3 V4)
  lockstep_feature(isa ON "kernels compiled for baseline, x86-64-v3, x86-64-v4, chosen at start (LOCKSTEP_ISA forces one)")
else()
  lockstep_feature(isa OFF "kernels compiled for the baseline alone: ${CMAKE_SYSTEM_PROCESSOR} is not x86-64")
endif()

# Kernels are compiled optimised in every preset. These three flags keep NaN tests and range reduction intact, unlike
# -ffast-math.
set(LOCKSTEP_KERNEL_FLAGS -fno-math-errno -fno-trapping-math -ffp-contract=fast)
if(LOCKSTEP_SANITIZE)
  list(PREPEND LOCKSTEP_KERNEL_FLAGS -O2)
else()
  list(PREPEND LOCKSTEP_KERNEL_FLAGS -O3)
endif()

function(lockstep_isa_objects target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PRECOMPILE")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lockstep_isa_objects(${target}): no source given")
  endif()
  list(GET arg_UNPARSED_ARGUMENTS 0 first)
  get_filename_component(stem "${first}" NAME_WE)
  foreach(isa IN LISTS LOCKSTEP_ISAS)
    string(TOLOWER "${target}_${stem}_${isa}" objects)
    add_library(${objects} OBJECT ${arg_UNPARSED_ARGUMENTS})
    target_compile_definitions(${objects} PRIVATE LOCKSTEP_ISA_TAG=${isa})
    target_compile_options(${objects} PRIVATE ${LOCKSTEP_KERNEL_FLAGS} ${LOCKSTEP_ISA_FLAGS_${isa}})
    target_link_libraries(${objects} PRIVATE lockstep_build kernels)
    if(arg_PRECOMPILE)
      lockstep_precompile(${objects} ${arg_PRECOMPILE})
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    set_target_properties(${objects} PROPERTIES LOCKSTEP_ISA ${isa})
    set_property(GLOBAL APPEND PROPERTY LOCKSTEP_ISA_OBJECT_TARGETS ${objects})
  endforeach()
endfunction()
