# Switches the CUDA language on where a toolkit is found (LOCKSTEP_CUDA: AUTO, ON, OFF); sets LOCKSTEP_HAS_CUDA.
#
# Architecture: 90 alone (code for H100/H200, and PTX that newer cards compile when they load it), which halves nvcc's
# time. For an older card: -DCMAKE_CUDA_ARCHITECTURES=80.
set(LOCKSTEP_HAS_CUDA OFF)
if(LOCKSTEP_CUDA STREQUAL "OFF")
  lockstep_feature(cuda OFF "switched off by LOCKSTEP_CUDA=OFF: CPU build")
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 90)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  find_program(LOCKSTEP_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_HOME PATH_SUFFIXES bin PATHS /usr/local/cuda/bin)
  mark_as_advanced(LOCKSTEP_NVCC)
  if(LOCKSTEP_NVCC)
    set(CMAKE_CUDA_COMPILER "${LOCKSTEP_NVCC}")
  endif()
endif()

if(CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_HOST_COMPILER "${CMAKE_CXX_COMPILER}" CACHE FILEPATH "Host compiler of nvcc")
  enable_language(CUDA)
  # CMake 3.25 does not know that nvcc has C++20 since 12.0.
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  find_package(CUDAToolkit REQUIRED)
  set(LOCKSTEP_HAS_CUDA ON)
  lockstep_feature(cuda ON "nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architecture ${CMAKE_CUDA_ARCHITECTURES}")
elseif(LOCKSTEP_CUDA STREQUAL "ON")
  message(FATAL_ERROR "LOCKSTEP_CUDA=ON, but nvcc was not found.\n"
    "  fix: install the CUDA toolkit, set CUDACXX to its nvcc, or leave LOCKSTEP_CUDA at AUTO for a CPU build")
else()
  lockstep_feature(cuda OFF "no nvcc found: CPU build (set CUDACXX to nvcc, or install the CUDA toolkit)")
endif()
