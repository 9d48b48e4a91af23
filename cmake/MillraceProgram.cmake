# What `cmake --install` copies for those who run nodes, all of it without the sources: see the
# component `program` in MillraceInstall.cmake.

# The program itself writes its man pages and completions.
set(generated_dir ${PROJECT_BINARY_DIR}/generated)
add_custom_command(
  OUTPUT ${generated_dir}.stamp
  COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:millrace> -D OUTPUT_DIR=${generated_dir}
          -P ${PROJECT_SOURCE_DIR}/cmake/program_texts.cmake
  COMMAND ${CMAKE_COMMAND} -E touch ${generated_dir}.stamp
  DEPENDS millrace ${PROJECT_SOURCE_DIR}/cmake/program_texts.cmake
  COMMENT "Man pages and completions"
  VERBATIM)
add_custom_target(millrace_program_texts ALL DEPENDS ${generated_dir}.stamp)

install(TARGETS millrace RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY ${generated_dir}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT program)
install(FILES ${generated_dir}/completions/millrace
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES ${generated_dir}/completions/_millrace
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${generated_dir}/completions/millrace.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)

# Units name the program and its configurations by their full paths, which depend on the prefix that
# is known only when they are installed.
set(units_dir ${PROJECT_BINARY_DIR}/units)
set(prefix "\${CMAKE_INSTALL_PREFIX}")
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_BINDIR BASE_DIRECTORY "${prefix}" OUTPUT_VARIABLE bin_dir)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_SYSCONFDIR BASE_DIRECTORY "${prefix}"
           OUTPUT_VARIABLE config_dir)
install(
  CODE "
  foreach(unit millrace@.service millrace-any@.service)
    file(READ \"${PROJECT_SOURCE_DIR}/configs/\${unit}\" text)
    string(REPLACE /usr/local/bin/ \"${bin_dir}/\" text \"\${text}\")
    string(REPLACE /etc/millrace \"${config_dir}/millrace\" text \"\${text}\")
    file(WRITE \"${units_dir}/\${unit}\" \"\${text}\")
  endforeach()"
  COMPONENT program)
install(DIRECTORY ${units_dir}/ DESTINATION lib/systemd/system COMPONENT program)

install(FILES ${PROJECT_SOURCE_DIR}/configs/service/one-node.toml
        DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/millrace COMPONENT program)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
        COMPONENT program FILES_MATCHING PATTERN "*.toml" PATTERN "service" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/docs/config.md ${PROJECT_SOURCE_DIR}/docs/http.md
              ${PROJECT_SOURCE_DIR}/docs/operations.md ${PROJECT_SOURCE_DIR}/docs/replication.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

# Clients of external stages: a file each, without packages, for programs to import or to copy.
install(FILES ${PROJECT_SOURCE_DIR}/apps/clients/python/millrace.py
              ${PROJECT_SOURCE_DIR}/apps/clients/python/thumbnails.py
        DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace/clients/python COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/apps/clients/node/millrace.mjs
              ${PROJECT_SOURCE_DIR}/apps/clients/node/millrace.d.ts
        DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace/clients/node COMPONENT program)
