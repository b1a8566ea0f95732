# EGDB. `make run` and `make test` are the two commands; `make help` lists the rest.
# Sources are listed, not globbed: a file that is not named here is not in the program.

MODE ?= release
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif

BASE_SRC = base/err.c base/arena.c base/buf.c base/log.c base/clock.c base/ulid.c base/map.c base/catalogue.c base/dml.c \
	base/jscan.c
DB_SRC = db/db.c db/statements.c 
HTTP_SRC =
AUTH_SRC =
REGISTRY_SRC =
EVENT_SRC =
ADMIN_SRC =
APP_SRC =
MAIN_SRC = server/main.c

LIB_SRC = $(BASE_SRC) $(DB_SRC) $(HTTP_SRC) $(AUTH_SRC) $(REGISTRY_SRC) $(EVENT_SRC) $(ADMIN_SRC) $(APP_SRC)
UNIT_TESTS =
FUZZERS =

PACKAGES = libuv libpq sqlite3 jansson libmicrohttpd libjwt libpcre2-8 libcurl libzstd zlib libcrypto inih check
CPPFLAGS += -I. -D_GNU_SOURCE $(shell pkg-config --cflags $(PACKAGES))
CFLAGS_common = -std=c11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wformat=2 -Wundef -fno-strict-aliasing -fstack-protector-strong -g
CFLAGS_release = -O2 -D_FORTIFY_SOURCE=2
CFLAGS_asan = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan = -O1 -fsanitize=thread
LDFLAGS_asan = -fsanitize=address,undefined
LDFLAGS_tsan = -fsanitize=thread
LDLIBS = $(shell pkg-config --libs $(PACKAGES)) -lm -lpthread

OUT = $(if $(filter release,$(MODE)),build,build/$(MODE))
OBJ = $(OUT)/obj
