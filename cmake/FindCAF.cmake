# Finds Debian's C++ Actor Framework 0.17, which ships no CMake package.
# Defines CAF::core, and CAF::io and CAF::openssl where they are installed.
find_path(CAF_INCLUDE_DIR caf/all.hpp)
foreach(component core io openssl)
  find_library(CAF_${component}_LIBRARY caf_${component})
  mark_as_advanced(CAF_${component}_LIBRARY)
  if(CAF_${component}_LIBRARY AND NOT TARGET CAF::${component})
    add_library(CAF::${component} UNKNOWN IMPORTED)
    set_target_properties(
      CAF::${component}
      PROPERTIES IMPORTED_LOCATION "${CAF_${component}_LIBRARY}"
                 INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
                 # Without the checks a forgotten message type arrives as an empty message.
                 INTERFACE_COMPILE_DEFINITIONS CAF_ENABLE_TYPE_ID_CHECKS)
  endif()
endforeach()
if(TARGET CAF::io)
  target_link_libraries(CAF::io INTERFACE CAF::core)
endif()
if(CAF_INCLUDE_DIR)
  # "#define CAF_VERSION 1706" is 0.17.6.
  file(STRINGS ${CAF_INCLUDE_DIR}/caf/config.hpp caf_number REGEX "^#define CAF_VERSION [0-9]+")
  string(REGEX REPLACE "^#define CAF_VERSION 0*([0-9]*)([0-9][0-9])([0-9][0-9])$" "\\1.\\2.\\3" CAF_VERSION "${caf_number}")
  string(REGEX REPLACE "^\\." "0." CAF_VERSION "${CAF_VERSION}")
  string(REGEX REPLACE "\\.0([0-9])" ".\\1" CAF_VERSION "${CAF_VERSION}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_INCLUDE_DIR CAF_core_LIBRARY)
mark_as_advanced(CAF_INCLUDE_DIR)
