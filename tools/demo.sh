#!/usr/bin/env bash
# demo.sh: a small change to a made-up web shop, in a temporary folder: reviewed on the command line, then as a pull request of a
# local forge by the service. KEEP=1 keeps the folder, OUTRIDER names another build of the program.
# No program of the sample is run: it is only read.
set -euo pipefail
outrider=${OUTRIDER-$(cd "$(dirname "$0")/.." && pwd)/build/outrider}
[ -x "$outrider" ] || { echo "tools/demo.sh: there is no $outrider; run make first" >&2; exit 1; }

top=$(mktemp -d "${TMPDIR:-/tmp}/outrider-demo.XXXXXX")
sample=$top/shop
. "$(dirname "$0")/demo_service.sh"
finish() {
	service_stop || true
	selftest_stop
	if [ -n "${KEEP-}" ]; then
		echo "The sample was kept: cd $sample && $outrider review"
	else
		rm -rf "$top"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# nothing of the user's own git may change the outcome
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
selftest_start
mkdir "$sample"
cd "$sample"

commit() {
	git add -A
	git -c user.name=demo -c user.email=demo@localhost -c commit.gpgsign=false \
		commit -q -m "$1"
}

mkdir -p shop web tests native stock .github/workflows
git init -q -b main

# ---- the base: what stands on main ----

cat >shop/orders.py <<'SOURCE'
"""Orders: reading and changing them."""


def label(order, tags=[]):
    tags.append(order["state"])
    return ", ".join(tags)


def find(db, number):
    return db.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
SOURCE

cat >web/cart.ts <<'SOURCE'
export interface Item { name: string; cents: number; count: number; }

export function total(items: Item[]): number {
  return items.reduce((sum, item) => sum + item.cents * item.count, 0);
}
SOURCE

cat >tests/cart.test.js <<'SOURCE'
import { total } from "../web/cart";

describe("total", () => {
  it("is zero for an empty cart", () => {
    expect(total([])).toBe(0);
  });
});
SOURCE

cat >stock/server.go <<'SOURCE'
package stock

import (
	"encoding/json"
	"net/http"
)

type Store interface {
	Count(name string) (int, error)
}

func Handler(store Store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]bool{"up": true})
	}
}
SOURCE

cat >native/label.c <<'SOURCE'
#include <stdlib.h>
#include <string.h>

#include "label.h"

size_t label_width(const char *name)
{
	return strlen(name) * 8;
}
SOURCE

cat >Dockerfile <<'SOURCE'
FROM python:3.12-slim
COPY shop /app/shop
CMD ["python", "-m", "shop"]
SOURCE

cat >.github/workflows/test.yml <<'SOURCE'
name: test
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm test
SOURCE
commit 'A small shop'

# ---- the change: a branch ----

git checkout -q -b search

# label() moves here as it is, with the shared list that it always had: that is not new
cat >shop/text.py <<'SOURCE'
"""Texts for people."""


def label(order, tags=[]):
    tags.append(order["state"])
    return ", ".join(tags)
SOURCE

cat >shop/orders.py <<'SOURCE'
"""Orders: reading and changing them."""

import requests


def find(db, number):
    return db.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()


def search(db, name):
    return db.execute(f"SELECT * FROM orders WHERE customer LIKE '%{name}%'").fetchall()


def cancel(db, order):
    if order["state"] is "sent":
        raise NotImplemented("an order on its way cannot be cancelled")
    db.execute("UPDATE orders SET state = 'cancelled' WHERE number = ?", (order["number"],))


def carrier_is_up():
    # the carrier's test system has a certificate of its own  outrider-ignore: python-tls-verify-disabled
    return requests.get("https://carrier.test/up", verify=False, timeout=5).ok
SOURCE

cat >>web/cart.ts <<'SOURCE'

export async function save(items: Item[], put: (item: Item) => Promise<void>) {
  items.forEach(async (item) => {
    await put(item);
  });
}
SOURCE

cat >tests/cart.test.js <<'SOURCE'
import { total } from "../web/cart";

describe("total", () => {
  it("is zero for an empty cart", () => {
    expect(total([])).toBe(0);
  });

  it.only("counts each piece", () => {
    expect(total([{ name: "cup", cents: 250, count: 2 }])).toBe(500);
  });
});
SOURCE

cat >stock/server.go <<'SOURCE'
package stock

import (
	"encoding/json"
	"net/http"
)

type Store interface {
	Count(name string) (int, error)
}

func Handler(store Store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		count, err := store.Count(r.URL.Query().Get("name"))
		if err != nil {
			http.Error(w, "the store is down", http.StatusServiceUnavailable)
		}
		json.NewEncoder(w).Encode(map[string]int{"count": count})
	}
}
SOURCE

cat >>native/label.c <<'SOURCE'

char *label_copy(const char *name)
{
	char *copy = malloc(strlen(name));

	if (copy)
		strcpy(copy, name);
	return copy;
}
SOURCE

cat >Dockerfile <<'SOURCE'
FROM python:3.12-slim
RUN pip install --no-cache-dir requests
COPY shop /app/shop
CMD ["python", "-m", "shop"]
SOURCE

cat >>.github/workflows/test.yml <<'SOURCE'
      - run: echo "tested ${{ github.event.pull_request.title }}"
SOURCE
commit 'Search, cancel and stock'

cat <<'TEXT'
A branch of a small shop (Python, TypeScript, JavaScript, Go, C, a workflow) against its main branch.
One old defect only moved to another file and is not reported; one is suppressed by a comment.

$ outrider review
TEXT
# it finds errors, as it should: exit code 1
status=0
"$outrider" review || status=$?
[ "$status" -eq 1 ]
demo_service
