#!/usr/bin/env bash
# build.sh PRESET: configures and builds into build/PRESET; the release becomes build/outrider.
# WERROR=ON or OFF overrides what the preset says about warnings.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1

cmake --preset "$preset" ${WERROR:+-DWERROR="$WERROR"} --log-level=WARNING >/dev/null
cmake --build "build/$preset" --parallel "$(nproc)"
if [ "$preset" = release ]; then
	ln -sfn release/bin/outrider build/outrider
fi
