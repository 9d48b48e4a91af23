# millrace_proto(NAME file.proto...)
#
# For projects that use Millrace: defines the static library NAME with the C++ of .proto files that
# lie in or below the current source folder. Targets that link NAME include the generated headers by
# the path of the .proto file from there: "shop.proto" as "shop.pb.h". The files may import each
# other by these paths, and those of Protobuf.

# What generated code links, under a name that is known wherever millrace::runtime is.
if(NOT TARGET millrace::protobuf)
  add_library(millrace_protobuf INTERFACE)
  add_library(millrace::protobuf ALIAS millrace_protobuf)
  target_compile_features(millrace_protobuf INTERFACE cxx_std_20)
  target_link_libraries(millrace_protobuf INTERFACE protobuf::libprotobuf)
endif()

function(millrace_proto name)
  if(NOT ARGN)
    message(FATAL_ERROR "millrace_proto(${name}): expected the names of .proto files after ${name}")
  endif()
  if(NOT Protobuf_PROTOC_EXECUTABLE)
    message(FATAL_ERROR "millrace_proto(${name}): there is no protoc (Debian: protobuf-compiler)")
  endif()
  set(generated)
  foreach(proto IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH proto BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE
               OUTPUT_VARIABLE file)
    cmake_path(IS_PREFIX CMAKE_CURRENT_SOURCE_DIR ${file} is_below)
    if(NOT is_below OR NOT file MATCHES "\\.proto$")
      message(FATAL_ERROR "millrace_proto(${name}): expected a .proto file in or below "
                          "${CMAKE_CURRENT_SOURCE_DIR}, got ${proto}")
    endif()
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "millrace_proto(${name}): there is no file ${file}")
    endif()
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE path)
    cmake_path(REMOVE_EXTENSION path LAST_ONLY OUTPUT_VARIABLE stem)
    set(base ${CMAKE_CURRENT_BINARY_DIR}/${stem}.pb)
    add_custom_command(
      OUTPUT ${base}.cc ${base}.h
      COMMAND ${Protobuf_PROTOC_EXECUTABLE} --proto_path=${CMAKE_CURRENT_SOURCE_DIR}
              --cpp_out=${CMAKE_CURRENT_BINARY_DIR} ${path}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
      DEPENDS ${ARGN}
      COMMENT "Protobuf ${path}"
      VERBATIM)
    list(APPEND generated ${base}.cc ${base}.h)
  endforeach()
  add_library(${name} STATIC ${generated})
  # What protoc writes for each file has the same names.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_include_directories(${name} SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name} PUBLIC millrace::protobuf)
endfunction()
