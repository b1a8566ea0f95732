"""Who may include whom. The table is the one of docs/architecture.md: rooms see base, themselves, and what stands beside them here."""
import posixpath
import re

import tree

# room: other rooms or single headers that it may include. The longest matching name is a file's room.
ROOMS = {
    "base/": [],
    "egql/": [],
    "findings/": [],
    "git/": ["server/registry/schema_regex.h", "findings/secrets.h"],  # the patterns of change_types.json are those of the schemas
    "db/": [],
    "server/http/": ["server/auth/identity.h"],  # a route names its scope, a request its sender
    "server/auth/": [],
    "server/registry/": [],
    "server/event/": ["server/auth/", "server/registry/", "db/", "findings/", "server/http/request.h"],
    "server/query/": ["server/auth/", "server/registry/", "db/", "egql/", "server/http/request.h"],
    "server/admin/": ["server/registry/", "db/", "server/http/request.h"],
    "server/": ["*"],  # main.c, app.c and the commands put the rooms together
    "indexer/": ["findings/", "git/", "server/cli/client.h", "server/cli/poster.h"],  # posting, which knows base alone
    "tests/": ["*"],
    "bench/": ["*"],
}

# header of a library: the only paths that may include it
LIBRARIES = {
    "libpq-fe.h": ["db/db_pg_"],
    "sqlite3.h": ["db/db_sqlite_", "bench/sqlite_limit.c"],
    "microhttpd.h": ["server/http/"],
    "jwt.h": ["server/auth/"],
    "uv.h": ["db/", "server/"],
    "jansson.h": ["base/json_code.h", "server/", "egql/", "findings/", "git/", "indexer/", "tests/", "bench/"],
    "pcre2.h": ["server/registry/", "db/db_sqlite_", "egql/", "findings/", "indexer/"],
    "zlib.h": ["server/http/", "indexer/png"],
    "zstd.h": ["server/http/"],
    "curl/curl.h": ["server/", "indexer/", "bench/"],
    "ini.h": ["server/"],
    "uthash.h": ["server/", "egql/"],
    "openssl/": ["findings/", "git/", "server/event/", "server/auth/", "server/", "tests/", "db/", "indexer/"],
    "check.h": ["tests/unit/"],
    "sanitizer/asan_interface.h": ["base/arena.c"],
    "git2.h": ["indexer/"],
    "tree_sitter/": ["indexer/"],
    **{name: ["indexer/grammars/"] for name in ("alloc.c", "atomic.h", "get_changed_ranges.c", "language.c", "language.h", "lexer.c", "lexer.h", "node.c",
                                                "parser.c", "parser.h", "query.c", "stack.c", "subtree.c", "tree.c", "tree_cursor.c", "wasm_store.c")},
}

LIBC = re.compile(r"^(argp|arpa/\w+|assert|ctype|dirent|dlfcn|endian|errno|fcntl|float|fnmatch|getopt|glob|inttypes|libgen|"
                  r"limits|locale|math|netdb|net/if|netinet/\w+|poll|pthread|pwd|sched|semaphore|signal|spawn|stdalign|"
                  r"stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|sys/\w+|sysexits|"
                  r"syslog|termios|time|unistd|wchar|wctype|malloc|linux/\w+)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


def room_of(name):
    fits = [room for room in ROOMS if name.startswith(room)]
    return max(fits, key=len) if fits else None


def check_own(name, line, header):
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), header))
    target = beside if not (tree.ROOT / header).is_file() and (tree.ROOT / beside).is_file() else header
    if target != header:
        tree.complain(name, line, f'"{header}": say the path from the root of the repository')
    mine, other = room_of(name), room_of(target)
    if other in (None, mine, "base/"):
        return
    if not any(allowed == "*" or target.startswith(allowed) for allowed in ROOMS[mine]):
        tree.complain(name, line, f'{mine} must not include "{target}"')


def check_library(name, line, header):
    if LIBC.match(header):
        return
    fits = [paths for library, paths in LIBRARIES.items() if header == library or (library.endswith("/") and header.startswith(library))]
    if not fits:
        tree.complain(name, line, f"<{header}> is in no table of tests/lint/includes.py")
    elif not any(name.startswith(path) for path in fits[0]) and not name.startswith(("tests/", "bench/")):
        tree.complain(name, line, f"<{header}> is for {', '.join(fits[0])} only")


for name in tree.files(".c", ".h", ".def"):
    if room_of(name) is None:
        tree.complain(name, 1, "is in no room of tests/lint/includes.py")
        continue
    text = tree.text(name)
    for found in INCLUDE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found.group(1):
            check_own(name, line, found.group(1))
        else:
            check_library(name, line, found.group(2))
tree.finish()
