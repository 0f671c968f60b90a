# How a library, and a test, of this project is made: warnings, include root, sanitizers.
#
#   lockstep_library(<name> SOURCES <file>... DEPENDS <target>... [PRIVATE_DEPENDS <target>...])
#   lockstep_test(<name> SOURCES <file>... DEPENDS <target>... LABELS fast|slow|gpu [fuzz] [viewer] [TIMEOUT <seconds>])
#   lockstep_bench(<name> SOURCES <file>... DEPENDS <target>...)

# What every source of ours is compiled with. Linked privately, so that nothing leaks to who links us.
add_library(lockstep_build INTERFACE)
target_compile_options(lockstep_build INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wdouble-promotion;-Wfloat-conversion>
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra;--expt-relaxed-constexpr;--extended-lambda>)
if(LOCKSTEP_WERROR)
  target_compile_options(lockstep_build INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Werror>)
endif()
if(LOCKSTEP_SANITIZE)
  string(REPLACE "," "_" lockstep_sanitize_name "${LOCKSTEP_SANITIZE}")
  target_compile_options(lockstep_build INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${LOCKSTEP_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=all>)
  target_link_options(lockstep_build INTERFACE -fsanitize=${LOCKSTEP_SANITIZE})
  lockstep_feature(sanitizers ON "${LOCKSTEP_SANITIZE}")
endif()

# Where sources of ours find headers: the repository root ("kernels/lanes.h") and what configure generated ("generated/model_paths.h").
add_library(lockstep_headers INTERFACE)
target_include_directories(lockstep_headers INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
target_compile_definitions(lockstep_headers INTERFACE LOCKSTEP_HAS_CUDA=$<BOOL:${LOCKSTEP_HAS_CUDA}>)

# A room's library. With no sources yet (an empty room) it is an INTERFACE library, so that others may already link it.
function(lockstep_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lockstep_library(${name}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC lockstep_headers ${arg_DEPENDS}
      PRIVATE $<BUILD_INTERFACE:lockstep_build> ${arg_PRIVATE_DEPENDS})
    if(LOCKSTEP_SANITIZE)
      target_link_options(${name} PUBLIC -fsanitize=${LOCKSTEP_SANITIZE})
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE lockstep_headers ${arg_DEPENDS})
  endif()
endfunction()

# In optimised builds tests and the program's commands are compiled at -O1: what they time or run for long is in the
# libraries.
set(LOCKSTEP_COLD_OPTIONS "")
if(CMAKE_BUILD_TYPE MATCHES "^Rel" AND NOT LOCKSTEP_SANITIZE)
  set(LOCKSTEP_COLD_OPTIONS -O1)
endif()

# Lends the tests of rooms above kernels its precompiled headers; nothing links it.
function(lockstep_test_headers)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/test_headers.cpp" CONTENT "// Empty: see cmake/targets.cmake.\n")
  add_library(test_headers OBJECT EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/generated/test_headers.cpp")
  set_target_properties(test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(test_headers PRIVATE ${CMAKE_CXX_COMPILE_OPTIONS_PIE} ${LOCKSTEP_COLD_OPTIONS})
  target_link_libraries(test_headers PRIVATE lockstep_build lockstep_headers engine GTest::gtest)
  lockstep_precompile(test_headers ${LOCKSTEP_COMMON_HEADERS} <gtest/gtest.h>)
endfunction()

# Builds the fuzz tests alone: what CI compiles with the sanitizers.
add_custom_target(fuzz_tests)

# A GoogleTest program; each of its tests is one test of ctest.
function(lockstep_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "lockstep_test(${name}): SOURCES are needed; unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(label IN LISTS arg_LABELS)
    if(NOT label MATCHES "^(fast|slow|gpu|fuzz|viewer)$")
      message(FATAL_ERROR "lockstep_test(${name}): label ${label} is none of fast, slow, gpu, fuzz, viewer")
    endif()
  endforeach()
  if(NOT arg_LABELS)
    set(arg_LABELS fast)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE lockstep_build lockstep_headers ${arg_DEPENDS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE LOCKSTEP_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_compile_options(${name} PRIVATE ${LOCKSTEP_COLD_OPTIONS})
  if(LOCKSTEP_COLD_OPTIONS AND NOT arg_DEPENDS MATCHES "^(kernels|geom_pair)$")
    lockstep_precompile_as(${name} test_headers)
  endif()
  if("fuzz" IN_LIST arg_LABELS)
    add_dependencies(fuzz_tests ${name})
  endif()
  include(GoogleTest)
  # One label, "fast-fuzz": ctest -L takes a part of it, and lists do not survive gtest_discover_tests.
  list(JOIN arg_LABELS "-" label)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT})
endfunction()

# A Google Benchmark program, built with the rest and run by hand (build/tests/bench/<name>).
function(lockstep_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE lockstep_build lockstep_headers ${arg_DEPENDS}
    benchmark::benchmark benchmark::benchmark_main)
endfunction()
