# Builds the checked-in configurations of agents/configs/ into a library: lockstep_config_files(<target> NAMES <name>...).
#
# Writes <build>/generated/agents/config_files.cpp, which defines config_files() of agents/checked_configs.h, and writes
# it again where a file has changed.
function(lockstep_config_files target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "NAMES")
  set(table "")
  foreach(name IN LISTS arg_NAMES)
    set(file "agents/configs/${name}.toml")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${file}")
    file(READ "${PROJECT_SOURCE_DIR}/${file}" text)
    string(APPEND table "    {\"${file}\", R\"toml(${text})toml\"},\n")
  endforeach()
  set(generated "${PROJECT_BINARY_DIR}/generated/agents/config_files.cpp")
  file(CONFIGURE OUTPUT "${generated}" CONTENT "// Configurations, generated from agents/configs/: do not edit.
#include \"agents/checked_configs.h\"

namespace lockstep::agents {

std::span<const ConfigFile> config_files() {
  static constexpr ConfigFile kFiles[] = {
${table}  };
  return kFiles;
}

}  // namespace lockstep::agents
" @ONLY)
  target_sources(${target} PRIVATE "${generated}")
endfunction()
