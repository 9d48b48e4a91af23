# Compiles the headers that most sources read once for many targets. Only headers of the standard
# library and of other projects are precompiled: a header of this tree would rebuild everything
# whenever it changes.
#
# The compiler takes a precompiled header only where the same macros are defined, so a target gets
# the largest one of which it links every library.
option(MILLRACE_PCH "precompile headers of the standard library and of other projects" ON)

set(millrace_pch_core_headers
    <algorithm>
    <array>
    <atomic>
    <bit>
    <charconv>
    <chrono>
    <condition_variable>
    <deque>
    <filesystem>
    <fstream>
    <functional>
    <iostream>
    <map>
    <memory>
    <mutex>
    <numeric>
    <optional>
    <random>
    <set>
    <span>
    <sstream>
    <string>
    <string_view>
    <thread>
    <unordered_map>
    <utility>
    <variant>
    <vector>
    <absl/container/flat_hash_map.h>
    <absl/container/flat_hash_set.h>
    <google/protobuf/map.h>
    <google/protobuf/message.h>)
set(millrace_pch_core_libraries millrace_warnings PkgConfig::ABSL protobuf::libprotobuf)

set(millrace_pch_actor_headers ${millrace_pch_core_headers} <caf/all.hpp>)
set(millrace_pch_actor_libraries ${millrace_pch_core_libraries} CAF::core)

set(millrace_pch_command_headers ${millrace_pch_actor_headers} <CLI/CLI.hpp> <nlohmann/json.hpp>)
set(millrace_pch_command_libraries ${millrace_pch_actor_libraries} CLI11::CLI11
                                   nlohmann_json::nlohmann_json)

foreach(kind core actor)
  set(millrace_pch_${kind}_test_headers ${millrace_pch_${kind}_headers} <gmock/gmock.h>
                                        <gtest/gtest.h>)
  set(millrace_pch_${kind}_test_libraries ${millrace_pch_${kind}_libraries} GTest::gtest
                                         millrace_test_code)
endforeach()

# Sets `result` to the targets whose usage requirements the compilation of `target` sees.
function(millrace_compile_closure target result)
  set(seen)
  get_target_property(open ${target} LINK_LIBRARIES)
  while(open)
    list(POP_FRONT open library)
    string(REGEX REPLACE "^\\$<BUILD_INTERFACE:([^>]*)>$" "\\1" library "${library}")
    if(NOT TARGET "${library}")  # a plain library, or $<LINK_ONLY:…>, which no compilation sees
      continue()
    endif()
    get_target_property(aliased ${library} ALIASED_TARGET)
    if(aliased)
      set(library ${aliased})
    endif()
    if(library IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${library})
    get_target_property(further ${library} INTERFACE_LINK_LIBRARIES)
    if(further)
      list(APPEND open ${further})
    endif()
  endwhile()
  set(${result} ${seen} PARENT_SCOPE)
endfunction()

# Gives the targets of `folder` and below it their precompiled headers.
function(millrace_precompile_folder folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    get_target_property(own ${target} PRECOMPILE_HEADERS)
    if(own OR target MATCHES "^millrace_pch_"
       OR NOT type MATCHES "^(EXECUTABLE|OBJECT_LIBRARY|STATIC_LIBRARY)$")
      continue()
    endif()
    millrace_compile_closure(${target} closure)
    foreach(kind command actor_test core_test actor core)
      set(missing ${millrace_pch_${kind}_libraries})
      list(REMOVE_ITEM missing ${closure})
      if(NOT missing)
        # GCC 13 and later refuse a precompiled header of another optimisation.
        get_target_property(options ${target} COMPILE_OPTIONS)
        get_property(common DIRECTORY ${folder} PROPERTY COMPILE_OPTIONS)
        if(options AND common)
          list(REMOVE_ITEM options ${common})
        endif()
        if(options)
          target_precompile_headers(${target} PRIVATE ${millrace_pch_${kind}_headers})
          break()
        endif()
        if(NOT TARGET millrace_pch_${kind})
          add_library(millrace_pch_${kind} OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
          target_compile_features(millrace_pch_${kind} PRIVATE cxx_std_20)
          target_link_libraries(millrace_pch_${kind} PRIVATE ${millrace_pch_${kind}_libraries})
          target_precompile_headers(millrace_pch_${kind} PRIVATE ${millrace_pch_${kind}_headers})
        endif()
        target_precompile_headers(${target} REUSE_FROM millrace_pch_${kind})
        break()
      endif()
    endforeach()
  endforeach()
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(inner IN LISTS folders)
    millrace_precompile_folder(${inner})
  endforeach()
endfunction()

if(MILLRACE_PCH)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Without it ccache cannot see which precompiled header a compilation reads.
    add_compile_options(-fpch-preprocess)
  endif()
  # Once all targets and what they link are known.
  cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL millrace_precompile_folder
                 ${PROJECT_SOURCE_DIR})
endif()
