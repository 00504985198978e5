# Puts files into a library, so that the program is one file: each becomes bytes between two symbols
# (the assembler's .incbin), and a table names them. Changes of a file rebuild it alone.
#   attn_embed(TARGET NAME NAMESPACE HEADER FILE...)
# makes NAMESPACE::NAME_files(), which HEADER declares. A file is named without its folder "data/",
# "src/" or "src/attn/render/assets/".
function(attn_embed target name namespace header)
  set(root ${CMAKE_CURRENT_SOURCE_DIR})
  set(assembly "  .section .rodata\n")
  set(declarations "")
  set(rows "")
  set(index 0)
  foreach(file IN LISTS ARGN)
    set(symbol attn_${name}_${index})
    string(APPEND assembly "  .global ${symbol}, ${symbol}_end\n"
      "  .balign 16\n${symbol}:\n  .incbin \"${root}/${file}\"\n${symbol}_end:\n")
    string(APPEND declarations "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
    string(REGEX REPLACE "^(data|src/attn/render/assets|src)/" "" path ${file})
    string(APPEND rows "      {\"${path}\", {${symbol}, std::size_t(${symbol}_end - ${symbol})}},\n")
    list(APPEND paths ${root}/${file})
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND assembly "  .section .note.GNU-stack,\"\",%progbits\n")
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(CONFIGURE OUTPUT ${out}/${name}.s CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${out}/${name}.cpp CONTENT "// Made by cmake/EmbedData.cmake.
#include \"${header}\"

${declarations}
namespace ${namespace} {

const std::vector<EmbeddedFile>& ${name}_files() {
  static const std::vector<EmbeddedFile> all = {
${rows}  };
  return all;
}

}  // namespace ${namespace}
" @ONLY)
  set_source_files_properties(${out}/${name}.s PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE ${out}/${name}.s ${out}/${name}.cpp)
  set_source_files_properties(${out}/${name}.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# The library's own: the style and the scripts of pages.
function(attn_embed_assets target)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} src/attn/render/assets/*)
  attn_embed(${target} asset attn attn/render/assets.h ${files})
endfunction()

# The program's: data/, lessons/ and a page of docs/. Solutions of exercises are not carried, their matrix.h is.
function(attn_embed_data target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} data/* lessons/*)
  list(FILTER files EXCLUDE REGEX "\\.py$")  # makes some of them
  list(FILTER files EXCLUDE REGEX "/solution\\.[^/]*$")
  list(APPEND files src/attn_exercise/matrix.h docs/notes.md)
  attn_embed(${target} data attn::app app/frame/data.h ${files})
endfunction()
