# late(MODULE NAME TARGET HEADERS headers...): the folder MODULE calls the library of the imported TARGET through a table that is filled when the
# library is first needed (base/late.h). src/MODULE/NAME.calls lists the calls, one a line. The folder includes late_NAME.h, and no header
# of the library itself, and calls late_NAME() before anything else. As a script: the generator itself.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
	file(STRINGS ${CALLS} calls)
	string(REPLACE "|" ";" headers "${HEADERS}")
	set(note "/* Made from ${NAME}.calls. */")
	foreach(header IN LISTS headers)
		string(APPEND includes "#include <${header}>\n")
	endforeach()
	foreach(call IN LISTS calls)
		string(APPEND fields "\t__typeof__(&${call}) ${call};\n")
		string(APPEND names "\t\"${call}\",\n")
		# some are macros around the call, to check its arguments
		string(APPEND macros "#undef ${call}\n#define ${call} late_${NAME}_calls.${call}\n")
	endforeach()
	file(WRITE ${OUT}.h "${note}
#pragma once
${includes}
#include \"base/late.h\"

struct late_${NAME}_calls {
${fields}} __attribute__((aligned(LATE_PAGE)));
extern struct late_${NAME}_calls late_${NAME}_calls;

/* late_load() of it. */
int late_${NAME}(struct err *err);

${macros}")
	list(LENGTH calls n)
	file(WRITE ${OUT}.c "${note}
#include \"late_${NAME}.h\"

static const char *const names[] = {
${names}};
struct late_${NAME}_calls late_${NAME}_calls;

int late_${NAME}(struct err *err)
{
	static const struct late late = { \"${SONAME}\", names, &late_${NAME}_calls, ${n}, sizeof late_${NAME}_calls };

	return late_load(&late, err);
}
")
	return()
endif()

set(LATE_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(late module name target)
	cmake_parse_arguments(L "" "" "HEADERS" ${ARGN})
	get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
	list(GET libraries 0 library)
	execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${library} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
	if(NOT text MATCHES "SONAME +([^\n ]+)")
		message(FATAL_ERROR "${library} has no SONAME")
	endif()
	set(soname ${CMAKE_MATCH_1})
	set(calls ${CMAKE_CURRENT_SOURCE_DIR}/${name}.calls)
	set(out ${CMAKE_CURRENT_BINARY_DIR}/late_${name})
	string(REPLACE ";" "|" headers "${L_HEADERS}")
	add_custom_command(OUTPUT ${out}.c ${out}.h
		COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DOUT=${out} -DCALLS=${calls} -DSONAME=${soname} "-DHEADERS=${headers}"
			-P ${LATE_SCRIPT}
		DEPENDS ${calls} ${LATE_SCRIPT} VERBATIM)
	target_sources(${module} PRIVATE ${out}.c ${out}.h)
	target_include_directories(${module} PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
	target_include_directories(${module} SYSTEM PUBLIC $<TARGET_PROPERTY:${target},INTERFACE_INCLUDE_DIRECTORIES>)
	target_compile_options(${module} PUBLIC $<TARGET_PROPERTY:${target},INTERFACE_COMPILE_OPTIONS>)
endfunction()
