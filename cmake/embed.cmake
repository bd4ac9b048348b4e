# embed_files(OUT.c SYMBOL HEADER files...): files as bytes in the program, `const struct SYMBOL SYMBOL_table[]` of
# { name, bytes, length }, ended by a NULL name. HEADER declares the struct. As a script: the generator itself.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
	set(text "/* Made from the files of the tree. */\n#include \"${HEADER}\"\n\n")
	set(rows "")
	set(i 0)
	string(REPLACE "|" ";" files "${FILES}")
	foreach(file IN LISTS files)
		file(READ ${file} hex HEX)
		string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
		get_filename_component(name ${file} NAME)
		file(SIZE ${file} size)
		string(APPEND text "static const unsigned char bytes_${i}[] = { ${bytes} 0 };\n")
		string(APPEND rows "\t{ \"${name}\", bytes_${i}, ${size} },\n")
		math(EXPR i "${i} + 1")
	endforeach()
	file(WRITE ${OUT} "${text}\nconst struct ${SYMBOL} ${SYMBOL}_table[] = {\n${rows}\t{ 0, 0, 0 },\n};\n")
	return()
endif()

set(EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(embed_files out symbol header)
	string(REPLACE ";" "|" files "${ARGN}")
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} -DHEADER=${header} "-DFILES=${files}"
			-P ${EMBED_SCRIPT}
		DEPENDS ${ARGN} ${EMBED_SCRIPT} VERBATIM)
endfunction()
