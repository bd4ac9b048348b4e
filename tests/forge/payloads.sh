#!/usr/bin/env bash
# payloads.sh BUILD PROP_PAYLOADS: GitHub's example payloads. Exit 77: npm is not there.
set -euo pipefail
"$(dirname "$0")/../parity/install.sh" "$1"
exec "$2" "$1/peers/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
