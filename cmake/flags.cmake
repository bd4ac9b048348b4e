# `strict`: every warning that both compilers know. `hardened`: the OpenSSF flags, for releases.
include(CheckCCompilerFlag)

add_library(strict INTERFACE)
target_compile_definitions(strict INTERFACE _GNU_SOURCE)
target_compile_options(strict INTERFACE
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes
	-Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wimplicit-fallthrough
	-Wswitch-enum -fno-strict-aliasing
	$<$<BOOL:${WERROR}>:-Werror>)
# gcc sees null pointers that are none in code that a sanitizer has rewritten
if(NOT SANITIZER)
	target_compile_options(strict INTERFACE -Wnull-dereference)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
	target_compile_options(strict INTERFACE -Wduplicated-cond -Wlogical-op -Wtrampolines
		-Wbidi-chars=any)
endif()

add_library(hardened INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL Release)
	target_compile_options(hardened INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
		-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
		-fno-delete-null-pointer-checks -fno-strict-overflow)
	check_c_compiler_flag(-ftrivial-auto-var-init=zero HAS_AUTO_VAR_INIT)
	if(HAS_AUTO_VAR_INIT)
		target_compile_options(hardened INTERFACE -ftrivial-auto-var-init=zero)
	endif()
	target_link_options(hardened INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
		-Wl,--as-needed)
endif()

add_library(sanitized INTERFACE)
if(SANITIZER STREQUAL address OR SANITIZER STREQUAL fuzzer)
	set(kinds address,undefined)
	target_compile_options(sanitized INTERFACE -fsanitize=${kinds} -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_link_options(sanitized INTERFACE -fsanitize=${kinds})
	if(SANITIZER STREQUAL fuzzer)
		target_compile_options(sanitized INTERFACE -fsanitize=fuzzer-no-link)
	endif()
elseif(SANITIZER STREQUAL thread)
	target_compile_options(sanitized INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
	target_link_options(sanitized INTERFACE -fsanitize=thread)
elseif(SANITIZER)
	message(FATAL_ERROR "SANITIZER is address, thread or fuzzer, not '${SANITIZER}'")
endif()
