# What `cmake --install` copies, by component:
#
#   development  libraries and headers, .proto files, the CMake package millrace, and examples
#   program      the program millrace, its man pages, completions, units and configurations, and the
#                clients of external stages
#
# Included after all targets of the tree are known. cmake/MillracePackages.cmake makes Debian packages
# of both.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/millrace)

# Sets `result` to the targets of this tree that linking `roots` needs.
function(millrace_libraries_below result)
  set(seen)
  set(open ${ARGN})
  while(open)
    list(POP_FRONT open library)
    string(REGEX REPLACE "^\\$<LINK_ONLY:([^>]*)>$" "\\1" library "${library}")
    if(NOT TARGET "${library}")
      continue()
    endif()
    get_target_property(aliased ${library} ALIASED_TARGET)
    if(aliased)
      set(library ${aliased})
    endif()
    get_target_property(is_imported ${library} IMPORTED)
    if(is_imported OR library IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${library})
    foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(further ${library} ${property})
      if(further)
        list(APPEND open ${further})
      endif()
    endforeach()
  endwhile()
  set(${result} ${seen} PARENT_SCOPE)
endfunction()

# --- Libraries ------------------------------------------------------------------------------------

# What a program that embeds nodes links, and what needs more of other projects: see
# cmake/millraceConfig.cmake.in.
millrace_libraries_below(core_libraries millrace_runtime millrace_pipeline_testing millrace_protobuf)
millrace_libraries_below(all_libraries millrace_cluster millrace_postgres millrace_program
                         millrace_testing)
set(further_libraries ${all_libraries})
list(REMOVE_ITEM further_libraries ${core_libraries})

foreach(set core further)
  foreach(library IN LISTS ${set}_libraries)
    string(REGEX REPLACE "^millrace_" "" name ${library})
    set_target_properties(${library} PROPERTIES EXPORT_NAME ${name})
    get_target_property(type ${library} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
      target_include_directories(${library}
                                 INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    endif()
  endforeach()
  install(TARGETS ${${set}_libraries} EXPORT millrace_${set}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/millrace COMPONENT development)
  install(EXPORT millrace_${set} NAMESPACE millrace:: DESTINATION ${package_dir}
          FILE millrace-${set}.cmake COMPONENT development)
endforeach()

# --- Headers --------------------------------------------------------------------------------------

# Installed headers name each other from the folder millrace/ on, so that a project whose own headers
# have the same paths still compiles.
file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/public_headers.txt public_headers REGEX "^[^#]")
set(public_dir ${PROJECT_BINARY_DIR}/public_headers)
set(public_sources)
foreach(header IN LISTS public_headers)
  if(header MATCHES "\\.pb\\.h$")
    list(APPEND public_sources ${PROJECT_BINARY_DIR}/${header})
  else()
    list(APPEND public_sources ${PROJECT_SOURCE_DIR}/${header})
  endif()
endforeach()
add_custom_command(
  OUTPUT ${public_dir}.stamp
  COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D BINARY_DIR=${PROJECT_BINARY_DIR}
          -D OUTPUT_DIR=${public_dir} -P ${PROJECT_SOURCE_DIR}/cmake/public_headers.cmake
  COMMAND ${CMAKE_COMMAND} -E touch ${public_dir}.stamp
  DEPENDS ${public_sources} ${PROJECT_SOURCE_DIR}/cmake/public_headers.txt
          ${PROJECT_SOURCE_DIR}/cmake/public_headers.cmake
  COMMENT "Public headers"
  VERBATIM)
add_custom_target(millrace_public_headers ALL DEPENDS ${public_dir}.stamp)
install(DIRECTORY ${public_dir}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/millrace
        COMPONENT development)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/messages/ DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace/messages
        COMPONENT development FILES_MATCHING PATTERN "*.proto")

# Projects to begin with.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/apps/examples/shop ${PROJECT_SOURCE_DIR}/apps/examples/embedded
        DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace/examples COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/docs/embedding.md ${PROJECT_SOURCE_DIR}/docs/testing.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libmillrace-dev COMPONENT development)

# --- The CMake package ----------------------------------------------------------------------------

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/millraceConfig.cmake.in
  ${PROJECT_BINARY_DIR}/millraceConfig.cmake INSTALL_DESTINATION ${package_dir})
# Before version 1 the API may change with each minor version.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/millraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/millraceConfig.cmake
              ${PROJECT_BINARY_DIR}/millraceConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake
              ${PROJECT_SOURCE_DIR}/cmake/MillraceProto.cmake
        DESTINATION ${package_dir} COMPONENT development)

# All that is installed, and no test: what `./dev package` builds.
set(built ${all_libraries} ${core_libraries})
list(REMOVE_DUPLICATES built)
list(REMOVE_ITEM built millrace_log millrace_protobuf)
add_custom_target(millrace_installed DEPENDS ${built} millrace_public_headers)

if(TARGET millrace AND NOT MILLRACE_SANITIZE)
  include(MillraceProgram)
  add_dependencies(millrace_installed millrace_program_texts)
  include(MillracePackages)
endif()
