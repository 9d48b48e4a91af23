# Writes the man pages and completions of PROGRAM, named millrace, into OUTPUT_DIR.
function(run output)
  execute_process(COMMAND ${PROGRAM} ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE status
                  ERROR_VARIABLE message)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ${ARGN}: ${status}\n${message}")
  endif()
  if(output)
    file(WRITE ${OUTPUT_DIR}/${output} "${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${OUTPUT_DIR})
run(completions/millrace completions bash)
run(completions/_millrace completions zsh)
run(completions/millrace.fish completions fish)
run("" man --out ${OUTPUT_DIR}/man1)
