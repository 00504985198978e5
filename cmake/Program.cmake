# The program: reads the command line, shows traces. Its functions are a library, so that the tests
# run commands in their own process too.
find_package(CLI11 REQUIRED)
find_package(md4c REQUIRED)  # Markdown of the lessons
find_package(LibArchive REQUIRED)  # archives that students hand in
find_package(seccomp REQUIRED)  # what an exercise's answer may ask the system for
file(GLOB_RECURSE ATTN_APP_SOURCES CONFIGURE_DEPENDS src/app/*.cpp)
list(FILTER ATTN_APP_SOURCES EXCLUDE REGEX "/(main|processor_check)\\.cpp$")
add_library(attn_app STATIC ${ATTN_APP_SOURCES})
attn_group_by_folder(attn_app ${ATTN_APP_SOURCES})
set_target_properties(attn_app PROPERTIES POSITION_INDEPENDENT_CODE ON)  # as attn, for its precompiled header
target_compile_options(attn_app PRIVATE -fno-semantic-interposition)
target_compile_definitions(attn_app PRIVATE ATTN_VERSION="${PROJECT_VERSION}")
target_link_libraries(attn_app PUBLIC attn PRIVATE CLI11::CLI11 fmt::fmt md4c::md4c
  nlohmann_json::nlohmann_json LibArchive::LibArchive seccomp::seccomp)
target_precompile_headers(attn_app REUSE_FROM attn)
target_compile_options(attn_app PRIVATE ${ATTN_LIGHT_OPTIMISATION})
target_include_directories(attn_app PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
attn_embed_data(attn_app)

# What the test of an exercise is compiled and linked with, where somebody checks an answer.
find_package(doctest REQUIRED)
file(GLOB ATTN_EXERCISE_FILES CONFIGURE_DEPENDS src/attn_exercise/*.cpp)
add_library(attn_exercise STATIC ${ATTN_EXERCISE_FILES})
set_target_properties(attn_exercise PROPERTIES UNITY_BUILD OFF)  # one file is doctest itself
target_compile_options(attn_exercise PRIVATE ${ATTN_LIGHT_OPTIMISATION})
target_link_libraries(attn_exercise PUBLIC attn PRIVATE doctest::doctest fmt::fmt nlohmann_json::nlohmann_json)
if(ATTN_SANITIZE)
  # An answer runs in a sandbox, which leaves no room for sanitizers: its test is linked with the
  # libraries of the release build, which ./dev asan puts where these two would lie.
  set_target_properties(attn attn_exercise PROPERTIES ARCHIVE_OUTPUT_DIRECTORY sanitized)
endif()
include(ExerciseTools)
attn_exercise_tools(attn_app)

include(CheckCXXSourceCompiles)
set(ATTN_NEEDS "")
foreach(feature AVX AVX2 FMA AVX512F)
  set(CMAKE_REQUIRED_FLAGS "-march=${ATTN_ARCH}")
  check_cxx_source_compiles("#ifndef __${feature}__\n#error no\n#endif\nint main() {}" ATTN_HAS_${feature})
  if(ATTN_HAS_${feature})
    list(APPEND ATTN_NEEDS ATTN_NEEDS_${feature})
  endif()
endforeach()
add_library(attn_processor_check OBJECT src/app/processor_check.cpp)
target_compile_options(attn_processor_check PRIVATE -O1)
target_compile_definitions(attn_processor_check PRIVATE ${ATTN_NEEDS})

add_executable(attn_program src/app/main.cpp $<TARGET_OBJECTS:attn_processor_check>)
set_target_properties(attn_program PROPERTIES OUTPUT_NAME attn)
target_compile_options(attn_program PRIVATE ${ATTN_LIGHT_OPTIMISATION})
target_link_libraries(attn_program PRIVATE attn_app fmt::fmt)
add_dependencies(attn_program attn_exercise)

install(TARGETS attn_program RUNTIME)
install(TARGETS attn EXPORT attn-targets ARCHIVE)
install(TARGETS attn_exercise ARCHIVE)
install(DIRECTORY src/attn src/attn_exercise DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT attn-targets NAMESPACE attn:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/attn)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(attn-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES cmake/attn-config.cmake cmake/FindOpenBLAS.cmake cmake/Findutf8proc.cmake cmake/FindMedia.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/attn-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/attn)
install(CODE "execute_process(COMMAND $<TARGET_FILE:attn_program> man
  OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/attn.1 COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/attn.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
