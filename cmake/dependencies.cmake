find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1>=0.2.5)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.42)
pkg_check_modules(GIT2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)

add_library(tree_sitter STATIC IMPORTED)
set_target_properties(tree_sitter PROPERTIES
	IMPORTED_LOCATION ${OUTRIDER_GRAMMARS}/libgrammars.a)
target_include_directories(tree_sitter SYSTEM INTERFACE
	${OUTRIDER_GRAMMARS}/npm/node_modules/tree-sitter/vendor/tree-sitter/lib/include)
