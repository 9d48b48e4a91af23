# Writes the headers of public_headers.txt from SOURCE_DIR, and generated ones from BINARY_DIR, into
# OUTPUT_DIR as they are installed below include/millrace/.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/public_headers.txt headers REGEX "^[^#]")
file(REMOVE_RECURSE ${OUTPUT_DIR})
foreach(header IN LISTS headers)
  if(header MATCHES "\\.pb\\.h$")
    file(READ ${BINARY_DIR}/${header} text)
  else()
    file(READ ${SOURCE_DIR}/${header} text)
  endif()
  string(REGEX REPLACE "(#include \")(messages|actors|cluster|apps)/" "\\1millrace/\\2/" text "${text}")
  # millrace/pipeline.hpp and its like lie in the folder itself.
  string(REGEX REPLACE "^millrace/" "" path ${header})
  file(WRITE ${OUTPUT_DIR}/${path} "${text}")
endforeach()
