# The daily commands. Each is a line or two of CMake or of a script in tools/ and tests/.
#   make test PRESET=asan      any of CMakePresets.json
#   make fuzz FUZZ_SECONDS=600

PRESET ?= release
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SOURCES = $(shell find src tests bench -name '*.c' -not -path 'tests/data/*')

.DEFAULT_GOAL := build
.PHONY: help deps dev grammars build demo test check asan tsan fuzz tidy format bench \
	install clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

deps:
	@tools/deps.sh
dev:
	@tools/deps.sh dev
grammars: deps
	@tools/grammars.sh

build: grammars ## the program, at build/outrider
	@tools/build.sh $(PRESET)

demo: build ## a small made-up change, reviewed in your terminal and then by the service
	@tools/demo.sh

test: grammars ## build and run all tests; the last line is their number
	@tools/deps.sh test
	@tools/build.sh $(PRESET)
	@tests/run.sh build/$(PRESET)

check: dev grammars ## all tests with gcc and clang, warnings as errors, and under sanitizers
	@tests/check.sh gcc clang asan

asan: dev grammars ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tests/check.sh asan

tsan: dev grammars ## all tests under ThreadSanitizer
	@tests/check.sh tsan

fuzz: dev grammars ## every fuzz target for FUZZ_SECONDS=60
	@tools/build.sh fuzz
	@tests/fuzz/run.sh build/fuzz $(FUZZ_SECONDS)

tidy: dev grammars ## clang-tidy over src
	@tools/tidy.sh

format: dev ## clang-format in place
	@clang-format -i $(SOURCES)

bench: build ## side by side with ast-grep: BENCH="--review REPOSITORY NAME=FOLDER..."
	@tests/parity/install.sh build
	@node bench/bench.mjs build/$(PRESET) $(BENCH)

install: build ## to PREFIX=/usr/local, and tries the sandbox there
	@cmake --install build/$(PRESET) --prefix $(PREFIX)
	@[ -n "$(DESTDIR)" ] || "$(PREFIX)/bin/outrider" sandbox selftest --record build/$(PRESET)/install.json || [ $$? -eq 3 ]

clean: ## removes the builds, keeps the grammars and what the fuzzers found
	@find build -mindepth 1 -maxdepth 1 ! -name grammars ! -name corpus ! -name crashes -exec rm -rf {} + 2>/dev/null || true

distclean: ## removes everything that was built or fetched
	@rm -rf build
