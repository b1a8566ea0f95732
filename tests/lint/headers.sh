#!/bin/sh
# Every header compiles alone, with both compilers' warnings as errors. A .def file is a table for X() and is left out.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
code=0
flags="-I. -isystem build/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/include -D_GNU_SOURCE -std=c11 -Wall -Wextra -Werror $(pkg-config --cflags libpq libuv p11-kit-1 2>/dev/null || pkg-config --cflags libpq libuv)"
for header in $(git ls-files --cached --others --exclude-standard '*.h'); do
    [ -f "$header" ] || continue
    # shellcheck disable=SC2086 # a list of words
    printf '#include "%s"\n' "$header" | gcc $flags -fsyntax-only -x c - || {
        echo "$header:1: does not compile alone"
        code=1
    }
done
exit $code
