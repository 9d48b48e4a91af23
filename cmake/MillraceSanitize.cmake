# MILLRACE_SANITIZE is a comma-separated list for -fsanitize; MILLRACE_COVERAGE adds gcov counters.
set(MILLRACE_SANITIZE "" CACHE STRING "sanitizers, for example address,undefined or thread")
option(MILLRACE_COVERAGE "count which lines the tests reach" OFF)

if(MILLRACE_SANITIZE)
  # CAF 0.17 binds references to null in its own headers, which -fsanitize=null reports.
  # What sanitizers insert makes GCC 12 take a std::optional's value for uninitialised.
  set(flags -fsanitize=${MILLRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
            -Wno-maybe-uninitialized)
  if(MILLRACE_SANITIZE MATCHES "undefined")
    # The checks of each access for alignment and of each call for the dynamic type take a quarter of
    # the time of the build. The address sanitizer sees most of what they would find here: an object
    # that is gone, or memory that holds another one.
    list(APPEND flags -fno-sanitize=null,alignment,vptr)
  endif()
  if(MILLRACE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND flags -Wno-tsan)  # Asio's fences; its queues have locks, which the sanitizer sees
  endif()
  add_compile_options(${flags})
  add_link_options(${flags})
  if(MILLRACE_SANITIZE MATCHES "address")
    add_library(millrace_known_leaks OBJECT ${CMAKE_CURRENT_LIST_DIR}/known_leaks.cpp)
    set(MILLRACE_TEST_LIBRARIES millrace_known_leaks)
  endif()
endif()
if(MILLRACE_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
