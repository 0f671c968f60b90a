# Collects one line per feature during configure, and prints them all at the end.

# lockstep_feature(<name> ON|OFF <text>): <text> says what was found, or why the feature is off and how to switch it on.
function(lockstep_feature name state text)
  set_property(GLOBAL APPEND PROPERTY LOCKSTEP_FEATURES "${name}|${state}|${text}")
endfunction()

function(lockstep_print_summary)
  get_property(features GLOBAL PROPERTY LOCKSTEP_FEATURES)
  message(STATUS "")
  message(STATUS "Lockstep ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE}, ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  foreach(feature IN LISTS features)
    string(REGEX MATCH "^([^|]*)\\|([^|]*)\\|(.*)$" _ "${feature}")
    string(SUBSTRING "${CMAKE_MATCH_1}                " 0 16 name)
    string(SUBSTRING "${CMAKE_MATCH_2}   " 0 4 state)
    message(STATUS "  ${name} ${state} ${CMAKE_MATCH_3}")
  endforeach()
  message(STATUS "")
endfunction()
