# One target a module, one executable a test: the only two ways to add code here.

add_library(millrace_warnings INTERFACE)
target_compile_options(
  millrace_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
            $<$<BOOL:${MILLRACE_WERROR}>:-Werror>)
# GCC 13 and 14 report the copy of a short std::string, after an inlined operator+, as out of bounds
# (GCC bugs 105329 and 105651). GCC 12 and the sanitizers still look for these faults.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  target_compile_options(millrace_warnings INTERFACE -Wno-array-bounds -Wno-restrict
                                                     -Wno-stringop-overflow)
endif()

if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Where a unit has several sources, a class that one of them completes may have members of that
  # source's own types; and GCC inlines more, and then takes the value of an empty std::optional for
  # read. The dev build, which compiles each source on its own, looks for both.
  target_compile_options(millrace_warnings INTERFACE -Wno-subobject-linkage -Wno-maybe-uninitialized)
  # So do later versions in other warnings.
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    target_compile_options(millrace_warnings INTERFACE -Wno-error)
  endif()
endif()

if(MILLRACE_SANITIZE)
  # What sanitizers insert misleads the compiler; other builds of the same sources make warnings errors.
  target_compile_options(millrace_warnings INTERFACE -Wno-error)
endif()

# millrace_add_module(NAME SRCS file... [DEPS target...] [PRIVATE_DEPS target...])
# PRIVATE_DEPS are those that no header of the module includes.
# Defines millrace::NAME. All modules share the root of the tree as include root; the direction of
# includes is checked by tests/layering/.
function(millrace_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SRCS;DEPS;PRIVATE_DEPS")
  add_library(millrace_${name} STATIC ${arg_SRCS})
  add_library(millrace::${name} ALIAS millrace_${name})
  target_compile_features(millrace_${name} PUBLIC cxx_std_20)
  target_include_directories(millrace_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(millrace_${name} PUBLIC ${arg_DEPS}
                        PRIVATE ${arg_PRIVATE_DEPS} $<BUILD_INTERFACE:millrace_warnings>)
endfunction()

# millrace_add_proto(NAME PROTOS file...)
# Defines the library NAME with the C++ of the given .proto files, which lie in this folder and are
# included by their path from the root of the tree.
function(millrace_add_proto name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PROTOS")
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(generated)
  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(GET proto STEM stem)
    set(base ${PROJECT_BINARY_DIR}/${folder}/${stem}.pb)
    add_custom_command(
      OUTPUT ${base}.cc ${base}.h
      COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR} --cpp_out=${PROJECT_BINARY_DIR}
              ${folder}/${proto}
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
      COMMENT "Protobuf ${folder}/${proto}")
    list(APPEND generated ${base}.cc ${base}.h)
  endforeach()
  add_library(${name} STATIC ${generated})
  # What protoc writes for each file has the same names.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>)
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf)
endfunction()

# What code of tests is compiled with. -O2 takes up to twice as long as -Og for it, and what tests spend
# their time in is mostly what they test, which stays optimised, or waiting.
add_library(millrace_test_code INTERFACE)
target_compile_options(millrace_test_code INTERFACE -Og)

# What the tests need that start neither processes nor database servers.
add_custom_target(millrace_tests_within_a_process)

# millrace_add_test(NAME LABEL label SRCS file... [DEPS target...] [TIMEOUT seconds] [OPTIMIZED])
# One executable of GoogleTest cases, each of them a ctest of its own; with MILLRACE_TEST_PROGRAMS the
# executable is one. OPTIMIZED is for those that
# compute for long, as simulations do.
function(millrace_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIMIZED" "LABEL;TIMEOUT" "SRCS;DEPS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SRCS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${MILLRACE_TEST_LIBRARIES}
                                        GTest::gtest_main GTest::gmock millrace_warnings)
  if(NOT arg_OPTIMIZED)
    target_link_libraries(${name} PRIVATE millrace_test_code)
  endif()
  add_dependencies(millrace_tests_within_a_process ${name})
  if(MILLRACE_TEST_PROGRAMS)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT 900)
  else()
    gtest_discover_tests(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT}
                         DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
