#!/bin/sh
# Every JavaScript module is read by Node's parser; the page's own import nothing but each other and what hud/package.json names, set no
# markup by text and no style attribute, and are no longer than other sources.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
code=0
modules=$(git ls-files --cached --others --exclude-standard '*.js' '*.mjs')
for name in $modules; do
    [ -f "$name" ] || continue
    node --input-type=module --check <"$name" || {
        echo "$name: is not a module that can be read"
        code=1
    }
    if [ "$(wc -l <"$name")" -gt 500 ]; then
        echo "$name: more than 500 lines"
        code=1
    fi
    case $name in hud/build.mjs) continue ;; hud/*) ;; *) continue ;; esac
    if grep -nE "innerHTML|outerHTML|unsafeHTML|unsafeSVG|insertAdjacentHTML|document\.write|\beval\(|new Function|[ \"'\`]style=[\"'\$]" "$name"; then
        echo "$name: markup from text, code from text, or a style attribute, which the content policy forbids"
        code=1
    fi
    if grep -nE "^(import|export|\}).* from '[^.']|^import '[^.']|import\('[^.']" "$name" | grep -vE "'(lit|lit/[a-z-]+(/[a-z-]+)*\.js|uplot|@codemirror/[a-z]+|@lezer/highlight)'"; then
        echo "$name: imports what is not in hud/package.json"
        code=1
    fi
done
exit $code
