# Writes the completion scripts and man pages that MOTLEY prints into FOLDER.
# cmake -DMOTLEY=program -DFOLDER=folder -P reference.cmake

function(print file)
  execute_process(COMMAND ${MOTLEY} ${ARGN} OUTPUT_FILE ${FOLDER}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER}/man1)
print(motley completion bash)
print(_motley completion zsh)
print(motley.fish completion fish)
print(man1/motley.1 man)
file(READ ${FOLDER}/man1/motley.1 page)
string(REGEX MATCHALL "motley.-[a-z]+.fR.1." pages "${page}")
foreach(page IN LISTS pages)
  string(REGEX REPLACE "^motley.-([a-z]+).*" "\\1" command "${page}")
  if(NOT EXISTS ${FOLDER}/man1/motley-${command}.1)
    print(man1/motley-${command}.1 man ${command})
  endif()
endforeach()
file(TOUCH ${FOLDER}/done)
