# module(NAME sources... USES targets... LIBRARIES targets...): one folder of src/ as a static library.
# Public headers are included as "NAME/noun.h".
function(module name)
	cmake_parse_arguments(M "" "" "USES;LIBRARIES" ${ARGN})
	add_library(${name} STATIC ${M_UNPARSED_ARGUMENTS})
	target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/include/outrider
		PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
	target_link_libraries(${name} PUBLIC ${M_USES} PRIVATE ${M_LIBRARIES} strict hardened)
	target_link_libraries(${name} PUBLIC sanitized)
endfunction()
