# Puts the files of data/ and lessons/ into the program, so that it is one file: each becomes bytes
# between two symbols (the assembler's .incbin), and a table names them. Changes of a file rebuild it
# alone. A file of data/ is named without "data/". Solutions of exercises are not carried,
# their matrix.h is.
function(attn_embed_data target)
  set(root ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${root} data/* lessons/*)
  list(FILTER files EXCLUDE REGEX "/solution\\.[^/]*$")
  list(APPEND files src/attn_exercise/matrix.h)
  set(assembly "  .section .rodata\n")
  set(declarations "")
  set(rows "")
  set(index 0)
  foreach(file IN LISTS files)
    string(APPEND assembly "  .global attn_data_${index}, attn_data_${index}_end\n"
      "  .balign 16\nattn_data_${index}:\n  .incbin \"${root}/${file}\"\nattn_data_${index}_end:\n")
    string(APPEND declarations "extern \"C\" const char attn_data_${index}[], attn_data_${index}_end[];\n")
    string(REGEX REPLACE "^(data|src)/" "" name ${file})
    string(APPEND rows "      {\"${name}\", {attn_data_${index}, std::size_t(attn_data_${index}_end - attn_data_${index})}},\n")
    list(APPEND paths ${root}/${file})
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND assembly "  .section .note.GNU-stack,\"\",%progbits\n")
  set(out ${CMAKE_CURRENT_BINARY_DIR}/data)
  file(CONFIGURE OUTPUT ${out}/data.s CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${out}/data.cpp CONTENT "// Made by cmake/EmbedData.cmake from the files of data/ and lessons/.
#include \"app/frame/data.h\"

${declarations}
namespace attn::app {

const std::vector<DataFile>& data_files() {
  static const std::vector<DataFile> all = {
${rows}  };
  return all;
}

}  // namespace attn::app
" @ONLY)
  set_source_files_properties(${out}/data.s PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE ${out}/data.s ${out}/data.cpp)
  set_source_files_properties(${out}/data.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
