# How Motley's targets are made: one static library per folder, PRIVATE links, includes relative to the root.

add_library(motley_options INTERFACE)
target_include_directories(motley_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(motley_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers -Werror)
if(MOTLEY_SANITIZE)
  target_compile_options(motley_options INTERFACE -fsanitize=${MOTLEY_SANITIZE} -fno-sanitize-recover=all
                         -fno-omit-frame-pointer -g1 -O1)  # -O1 compiles in half the time
  target_link_options(motley_options INTERFACE -fsanitize=${MOTLEY_SANITIZE})
endif()

# motley_sources(OUT folder...): the *.cc of the current folder and of these below it.
function(motley_sources out)
  set(patterns *.cc)
  foreach(folder IN LISTS ARGN)
    list(APPEND patterns ${folder}/*.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# motley_library(NAME [FOLDERS folder...] [LIBRARIES lib...]): the *.cc of the current folder, and of those named below it, as
# the static library motley-NAME.
function(motley_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;LIBRARIES" ${ARGN})
  motley_sources(sources ${ARG_FOLDERS})
  if(NOT sources)
    return()
  endif()
  add_library(motley-${name} STATIC ${sources})
  target_link_libraries(motley-${name} PRIVATE motley_options ${ARG_LIBRARIES})
endfunction()

# motley_backend(NAME [LIBRARIES lib...]): the *.cc of the current folder as the plug-in libmotley-backend-NAME.so.
function(motley_backend name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  add_library(motley-backend-${name} MODULE ${sources})
  target_link_libraries(motley-backend-${name} PRIVATE motley_options ${ARG_LIBRARIES})
  set_target_properties(motley-backend-${name} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${MOTLEY_PLUGIN_FOLDER} CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  install(TARGETS motley-backend-${name} LIBRARY DESTINATION ${MOTLEY_PLUGIN_INSTALL})
  if(NOT MOTLEY_SANITIZE)
    target_link_options(motley-backend-${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# motley_program(NAME [LIBRARIES lib...] SOURCES file...): a program in bin/. Those that users run are installed where
# they are made.
function(motley_program name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;SOURCES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE motley_options ${ARG_LIBRARIES})
endfunction()

# motley_test(NAME [NO_ASAN] [FOLDERS folder...] [LIBRARIES lib...] [LABELS label...]): the *_test.cc (and helpers) of the
# current folder, and of those named below it, as one GoogleTest program in tests/, each of its tests a ctest test. Labels that mean something to scripts/test: `tsan`
# (run under ThreadSanitizer too), `slow` and `golden` (too long for a sanitizer). All others are labelled `asan` and run
# under AddressSanitizer too, unless NO_ASAN says that a vendor library makes that useless; those labelled `untrusted`,
# which take bytes from outside, on every run of scripts/test.
include(GoogleTest)
function(motley_test name)
  cmake_parse_arguments(ARG "NO_ASAN" "" "FOLDERS;LIBRARIES;LABELS;PROPERTIES" ${ARGN})
  motley_sources(sources ${ARG_FOLDERS})
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE motley_options ${ARG_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  if(MOTLEY_SANITIZE MATCHES address)
    target_sources(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests/sanitizers/vendor_leaks.cc)
  endif()
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT ARG_NO_ASAN AND NOT "slow" IN_LIST ARG_LABELS AND NOT "golden" IN_LIST ARG_LABELS)
    list(APPEND ARG_LABELS asan)
  endif()
  foreach(sanitizer asan tsan untrusted)
    if(sanitizer IN_LIST ARG_LABELS)
      set_property(GLOBAL APPEND PROPERTY motley_${sanitizer}_tests ${name}_test)
    endif()
  endforeach()
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}/ DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 ${ARG_PROPERTIES})
  # A list of labels does not survive the properties' own list: ctest sets it once it knows the tests.
  set(labels ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(WRITE ${labels} "if(${name}_test_TESTS)\n"
       "  set_tests_properties(\${${name}_test_TESTS} PROPERTIES LABELS \"${ARG_LABELS}\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels})
endfunction()

# motley_proto(TARGET path/from/root.proto): the messages as a static library; include "path/from/root.pb.h".
find_package(Protobuf REQUIRED)
function(motley_proto target proto)
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  set(out ${CMAKE_BINARY_DIR}/generated/${stem}.pb)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
  add_custom_command(OUTPUT ${out}.cc ${out}.h
    COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR}/generated ${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/${proto} VERBATIM)
  add_library(${target} STATIC ${out}.cc ${out}.h)
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
  if(MOTLEY_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${MOTLEY_SANITIZE})
  endif()
endfunction()
