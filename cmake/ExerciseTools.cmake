# Tells the program how to compile and link the test of an exercise: a header with the compiler, its
# options, and where things lie when attn runs where it was built or where it was installed.
function(attn_exercise_tools target)
  set(options -std=c++20 -march=${ATTN_ARCH} -DXTENSOR_USE_XSIMD ${OpenMP_CXX_FLAGS})
  file(RELATIVE_PATH include ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
  file(RELATIVE_PATH library ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/tools/app/exercise/tools.h CONTENT
"// Made by cmake/ExerciseTools.cmake. Lists are written as \"one;two\".
#pragma once
#define ATTN_EXERCISE_COMPILER \"${CMAKE_CXX_COMPILER}\"
#define ATTN_EXERCISE_OPTIONS \"${options}\"
#define ATTN_EXERCISE_LIBRARIES \"$<TARGET_FILE:OpenBLAS::OpenBLAS>;$<TARGET_FILE:fmt::fmt>;$<TARGET_FILE:utf8proc::utf8proc>\"
#define ATTN_EXERCISE_SOURCES \"${CMAKE_CURRENT_SOURCE_DIR}/src\"
#define ATTN_EXERCISE_INCLUDE \"${include}\"
#define ATTN_EXERCISE_LIBRARY \"${library}\"
")
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/tools)
endfunction()
