# Finds every third-party dependency: system packages by find_package, pinned wheels in the cache folder.
#
# The cache folder is $LOCKSTEP_CACHE or ~/.cache/lockstep; tools/setup.sh fills it from tools/pins.txt.
# Targets made here: mujoco::mujoco, cccl, stb, Eigen3::Eigen, fmt::fmt, spdlog::spdlog, CLI11::CLI11,
# tomlplusplus::tomlplusplus, nlohmann_json::nlohmann_json, ZLIB::ZLIB, GTest::gtest, benchmark::benchmark, glfw.

if(DEFINED ENV{LOCKSTEP_CACHE} AND NOT "$ENV{LOCKSTEP_CACHE}" STREQUAL "")
  set(LOCKSTEP_CACHE_DIR "$ENV{LOCKSTEP_CACHE}")
else()
  set(LOCKSTEP_CACHE_DIR "$ENV{HOME}/.cache/lockstep")
endif()

# Sets <out_folder> to the folder name that a pin is unpacked to, as tools/setup.sh builds it.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/pins.txt")
function(lockstep_pin name out_folder)
  file(STRINGS "${PROJECT_SOURCE_DIR}/tools/pins.txt" lines REGEX "^${name} ")
  if(NOT lines MATCHES "^([^ ]+) ([^ ]+) ([0-9a-f]+) ")
    message(FATAL_ERROR "tools/pins.txt has no line for ${name}")
  endif()
  string(SUBSTRING "${CMAKE_MATCH_3}" 0 12 hash)
  set(${out_folder} "${CMAKE_MATCH_1}-${CMAKE_MATCH_2}-${hash}" PARENT_SCOPE)
endfunction()

# --- system packages -------------------------------------------------------------------------------------------------
set(lockstep_missing "")
macro(lockstep_require package debian)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    list(APPEND lockstep_missing "${package} (Debian: ${debian})")
  endif()
endmacro()
lockstep_require(Threads libc6-dev)
lockstep_require(Eigen3 libeigen3-dev 3.4 NO_MODULE)
lockstep_require(fmt libfmt-dev)
lockstep_require(spdlog libspdlog-dev)
lockstep_require(CLI11 libcli11-dev)
lockstep_require(tomlplusplus libtomlplusplus-dev)
lockstep_require(nlohmann_json nlohmann-json3-dev)
lockstep_require(ZLIB zlib1g-dev)
find_path(LOCKSTEP_STB_DIR stb_image_write.h PATH_SUFFIXES stb)
mark_as_advanced(LOCKSTEP_STB_DIR)
if(NOT LOCKSTEP_STB_DIR)
  list(APPEND lockstep_missing "stb (Debian: libstb-dev)")
endif()
if(LOCKSTEP_TESTS)
  lockstep_require(GTest libgtest-dev)
  lockstep_require(benchmark libbenchmark-dev)
endif()

# --- pinned wheels ---------------------------------------------------------------------------------------------------
lockstep_pin(mujoco-core LOCKSTEP_MUJOCO_FOLDER)
lockstep_pin(nvidia-cuda-cccl LOCKSTEP_CCCL_FOLDER)
lockstep_pin(dm-control LOCKSTEP_DM_CONTROL_FOLDER)
lockstep_pin(gymnasium LOCKSTEP_GYMNASIUM_FOLDER)
lockstep_pin(mjlab LOCKSTEP_MJLAB_FOLDER)
lockstep_pin(imgui-bundle LOCKSTEP_IMGUI_FOLDER)

# MuJoCo: an installation of one's own (-DMUJOCO_DIR=<prefix> or mujoco_ROOT), else the wheel.
set(MUJOCO_DIR "" CACHE PATH "Prefix of a MuJoCo 4 of one's own (with include/mujoco and lib); empty: the pinned wheel")
if(MUJOCO_DIR)
  find_package(mujoco 4 CONFIG QUIET PATHS "${MUJOCO_DIR}" "${MUJOCO_DIR}/lib/cmake/mujoco" NO_DEFAULT_PATH)
  if(NOT mujoco_FOUND)
    find_library(lockstep_mujoco_library NAMES mujoco libmujoco.so.4.0.0
      PATHS "${MUJOCO_DIR}/lib" "${MUJOCO_DIR}" NO_DEFAULT_PATH NO_CACHE)
    set(lockstep_mujoco_include "${MUJOCO_DIR}/include")
  endif()
else()
  set(lockstep_mujoco_library "${LOCKSTEP_CACHE_DIR}/${LOCKSTEP_MUJOCO_FOLDER}/mujoco/libmujoco.so.4.0.0")
  set(lockstep_mujoco_include "${LOCKSTEP_CACHE_DIR}/${LOCKSTEP_MUJOCO_FOLDER}/mujoco/include")
  if(NOT EXISTS "${lockstep_mujoco_library}")
    find_package(mujoco 4 CONFIG QUIET)
  endif()
endif()
if(mujoco_FOUND)
  lockstep_feature(mujoco ON "${mujoco_DIR}")
elseif(EXISTS "${lockstep_mujoco_library}" AND EXISTS "${lockstep_mujoco_include}/mujoco/mjbatch.h")
  add_library(mujoco::mujoco SHARED IMPORTED GLOBAL)
  set_target_properties(mujoco::mujoco PROPERTIES
    IMPORTED_LOCATION "${lockstep_mujoco_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${lockstep_mujoco_include}")
  get_filename_component(lockstep_mujoco_lib_dir "${lockstep_mujoco_library}" DIRECTORY)
  list(APPEND CMAKE_BUILD_RPATH "${lockstep_mujoco_lib_dir}")
  list(APPEND CMAKE_INSTALL_RPATH "${lockstep_mujoco_lib_dir}")
  lockstep_feature(mujoco ON "${lockstep_mujoco_library}")
else()
  list(APPEND lockstep_missing "MuJoCo 4.0.0 (run tools/setup.sh, or give -DMUJOCO_DIR=<prefix>)")
endif()

# CCCL (cuda::std and Thrust): the toolkit's where CUDA is on, so that both compilers read the same headers.
if(LOCKSTEP_HAS_CUDA)
  find_path(lockstep_cccl_include cuda/std/mdspan NO_CACHE
    PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl NO_DEFAULT_PATH)
else()
  set(lockstep_cccl_include "${LOCKSTEP_CACHE_DIR}/${LOCKSTEP_CCCL_FOLDER}/nvidia/cu13/include/cccl")
endif()
if(EXISTS "${lockstep_cccl_include}/cuda/std/mdspan")
  add_library(cccl INTERFACE)
  target_include_directories(cccl SYSTEM INTERFACE "${lockstep_cccl_include}")
  target_compile_definitions(cccl INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP>)
  lockstep_feature(cccl ON "${lockstep_cccl_include}")
else()
  list(APPEND lockstep_missing "CCCL headers (run tools/setup.sh)")
endif()

# Task models: read from their own wheels, at configure time a path, at run time see engine/task_models.h.
foreach(suite IN ITEMS dm_control gymnasium mjlab)
  string(TOUPPER ${suite} upper)
  if(EXISTS "${LOCKSTEP_CACHE_DIR}/${LOCKSTEP_${upper}_FOLDER}/${suite}")
    lockstep_feature(${suite} ON "${LOCKSTEP_CACHE_DIR}/${LOCKSTEP_${upper}_FOLDER}")
  else()
    lockstep_feature(${suite} OFF "task models not in the cache: run tools/setup.sh, or set LOCKSTEP_MODELS when running")
  endif()
endforeach()
configure_file("${PROJECT_SOURCE_DIR}/cmake/model_paths.h.in" "${PROJECT_BINARY_DIR}/generated/model_paths.h" @ONLY)

if(lockstep_missing)
  list(JOIN lockstep_missing "\n  - " lockstep_missing_lines)
  message(FATAL_ERROR "Lockstep cannot be built here. Missing:\n  - ${lockstep_missing_lines}\n"
    "fix: `make setup` installs all of it on Debian and Ubuntu; docs/building.md lists the packages for other systems")
endif()
# stb's headers hold their bodies: compiled once here, apart from sources of ours and their warnings.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/stb_bodies.c" CONTENT
  "#define STB_IMAGE_WRITE_IMPLEMENTATION\n#include <stb_image_write.h>\n" @ONLY)
add_library(stb STATIC "${PROJECT_BINARY_DIR}/generated/stb_bodies.c")
set_source_files_properties("${PROJECT_BINARY_DIR}/generated/stb_bodies.c" PROPERTIES LANGUAGE CXX COMPILE_OPTIONS -w)
target_include_directories(stb SYSTEM PUBLIC "${LOCKSTEP_STB_DIR}")

# --- optional: HDF5 data files ---------------------------------------------------------------------------------------
# Not by find_package: its module wants the C language switched on.
set(LOCKSTEP_HAS_HDF5 OFF)
find_path(LOCKSTEP_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(LOCKSTEP_HDF5_LIBRARY NAMES hdf5_serial hdf5 PATH_SUFFIXES hdf5/serial)
mark_as_advanced(LOCKSTEP_HDF5_INCLUDE LOCKSTEP_HDF5_LIBRARY)
if(LOCKSTEP_HDF5_INCLUDE AND LOCKSTEP_HDF5_LIBRARY)
  set(LOCKSTEP_HAS_HDF5 ON)
  add_library(hdf5_c INTERFACE)
  target_include_directories(hdf5_c SYSTEM INTERFACE "${LOCKSTEP_HDF5_INCLUDE}")
  target_link_libraries(hdf5_c INTERFACE "${LOCKSTEP_HDF5_LIBRARY}")
  lockstep_feature(hdf5 ON "${LOCKSTEP_HDF5_LIBRARY}")
else()
  lockstep_feature(hdf5 OFF "not found (Debian: libhdf5-dev): `lockstep fit` reads .csv and .npz only")
endif()

# --- optional: the window --------------------------------------------------------------------------------------------
set(LOCKSTEP_HAS_VIEWER OFF)
set(LOCKSTEP_IMGUI_DIR "${LOCKSTEP_CACHE_DIR}/${LOCKSTEP_IMGUI_FOLDER}/imgui_bundle-1.93.0")
if(NOT LOCKSTEP_VIEWER)
  lockstep_feature(viewer OFF "switched off by LOCKSTEP_VIEWER=OFF")
else()
  find_package(glfw3 3.3 QUIET)
  set(OpenGL_GL_PREFERENCE GLVND)
  find_package(OpenGL QUIET)
  if(NOT glfw3_FOUND)
    lockstep_feature(viewer OFF "GLFW not found (Debian: libglfw3-dev)")
  elseif(NOT OpenGL_FOUND)
    lockstep_feature(viewer OFF "OpenGL not found (Debian: libgl-dev)")
  elseif(NOT EXISTS "${LOCKSTEP_IMGUI_DIR}/external/imgui")
    lockstep_feature(viewer OFF "imgui-bundle sources not in the cache: run tools/setup.sh")
  else()
    set(LOCKSTEP_HAS_VIEWER ON)
    lockstep_feature(viewer ON "GLFW ${glfw3_VERSION}, ImGui from ${LOCKSTEP_IMGUI_DIR}")
  endif()
endif()

# --- optional: ccache ------------------------------------------------------------------------------------------------
find_program(LOCKSTEP_CCACHE ccache)
mark_as_advanced(LOCKSTEP_CCACHE)
if(LOCKSTEP_CCACHE)
  # It keeps what was compiled with precompiled headers only if told that __TIME__ and the like, and macros in front of
  # those headers, are of no matter. Neither is here.
  set(lockstep_ccache "${LOCKSTEP_CCACHE}")
  if(LOCKSTEP_PCH)
    set(lockstep_ccache env CCACHE_SLOPPINESS=pch_defines,time_macros "${LOCKSTEP_CCACHE}")
  endif()
  foreach(language IN ITEMS CXX CUDA)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER "${lockstep_ccache}")
    endif()
  endforeach()
  lockstep_feature(ccache ON "${LOCKSTEP_CCACHE}")
else()
  lockstep_feature(ccache OFF "not found: rebuilds compile everything again")
endif()
