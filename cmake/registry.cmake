# Generates a room's table of entries from the list of names in its CMakeLists.txt.
#
#   lockstep_registry(<room> HEADER <header> [TYPE Entry] [TARGET <target>] NAMES <name>...)
#
# Writes <build>/generated/<room>/registry.cpp and adds it to the target (default: <room>). It declares
#   namespace lockstep::<room>::<name> { extern const Entry kEntry; }
# for every name (the name of the source file beside the list) and defines
#   namespace lockstep::<room> { std::span<const Entry* const> entries(); }
# A folder inside a room is <room>/<folder>, with namespace lockstep::<room>::<folder>.
# which HEADER declares. Order is the list's order. The table refers to every entry by name, so that the linker keeps
# them all: that is why nothing registers itself by a static constructor.
function(lockstep_registry room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;TYPE;TARGET" "NAMES")
  if(NOT arg_HEADER OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lockstep_registry(${room}): HEADER is needed; unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TYPE)
    set(arg_TYPE Entry)
  endif()
  if(NOT arg_TARGET)
    set(arg_TARGET ${room})
  endif()
  string(REPLACE "/" "::" space ${room})
  set(declarations "")
  set(table "")
  foreach(name IN LISTS arg_NAMES)
    if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
      message(FATAL_ERROR "lockstep_registry(${room}): ${name} is not a snake_case name")
    endif()
    string(APPEND declarations "namespace lockstep::${space}::${name} {\nextern const ${arg_TYPE} kEntry;\n}\n")
    string(APPEND table "    &${name}::kEntry,\n")
  endforeach()
  if(arg_NAMES)
    set(body "  static constexpr const ${arg_TYPE}* kTable[] = {\n${table}  };\n  return kTable;\n")
  else()
    set(body "  return {};\n")
  endif()
  set(file "${PROJECT_BINARY_DIR}/generated/${room}/registry.cpp")
  file(CONFIGURE OUTPUT "${file}" CONTENT "// The table of ${room}, generated from the list in ${room}/CMakeLists.txt: do not edit.
#include \"${arg_HEADER}\"

#include <span>

${declarations}
namespace lockstep::${space} {

std::span<const ${arg_TYPE}* const> entries() {
${body}}

}  // namespace lockstep::${space}
" @ONLY)
  target_sources(${arg_TARGET} PRIVATE "${file}")
endfunction()
