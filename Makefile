# EGDB. `make run` and `make test` are the two commands; `make help` lists the rest.
# Sources are listed, not globbed: a file that is not named here is not in the program.

MODE ?= release
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif

BASE_SRC = base/err.c base/arena.c base/buf.c base/buf_double.c base/log.c base/clock.c base/ulid.c base/map.c base/catalogue.c base/dml.c \
	base/jscan.c base/jscan_walk.c base/jscan_pointer.c base/text.c base/utf8.c base/file.c base/beside.c base/scope.c
DB_SRC = db/db.c db/statements.c db/catalogue_build.c db/db_pg_catalogue.c db/db_sqlite_catalogue.c \
	db/migrate.c db/db_pg_migrate.c db/db_sqlite_lock.c db/db_sqlite_migrate.c db/db_sqlite_store.c db/db_sqlite_writer.c db/db_sqlite_reader.c \
	db/db_pg_store.c db/db_pg_write.c db/db_pg_read.c db/read_queue.c db/db_pg_cancel.c db/db_pg_tend.c db/db_pg_views.c db/refresh.c db/db_pg_news.c db/db_pg_conn.c db/db_pg_dial.c db/db_pg_shape.c \
	db/db_pg_fault.c db/db_pg_query.c db/db_pg_text.c db/db_pg_sql.c db/db_pg_type.c \
	db/db_sqlite_round.c db/db_sqlite_conn.c db/db_sqlite_sql.c db/db_sqlite_bind.c db/db_sqlite_regexp.c \
	db/db_sqlite_json.c db/db_sqlite_jsonb.c db/db_sqlite_percentile.c
HTTP_SRC = server/http/http.c server/http/connection.c server/http/handler.c server/http/exchange.c \
	server/http/flow.c server/http/request.c server/http/json.c server/http/send.c server/http/stream.c server/http/encode.c server/http/body.c \
	server/http/check.c server/http/progress.c server/http/route.c server/http/stats.c
AUTH_SRC = server/auth/auth.c server/auth/claims.c server/auth/token.c server/auth/key.c server/auth/identity.c
REGISTRY_SRC = server/registry/panels.c server/registry/panels_text.c server/registry/panels_param.c \
	server/registry/files.c server/registry/policies.c server/registry/topics.c server/registry/upcast.c \
	server/registry/rules_pointer.c server/registry/rules_source.c server/registry/rules_when.c server/registry/rules_unless.c server/registry/rules_column.c \
	server/registry/rules_lookup.c server/registry/rules_compile.c server/registry/project.c server/registry/project_value.c \
	server/registry/json_write.c server/registry/project_when.c server/registry/registry.c server/registry/check.c \
	server/registry/schema_set.c server/registry/schema_dialect.c server/registry/schema_uri.c server/registry/schema_meta.c \
	server/registry/schema_compile.c server/registry/schema_rules.c server/registry/schema_logic.c \
	server/registry/schema_check.c server/registry/schema_containers.c server/registry/schema_branches.c \
	server/registry/schema_value.c server/registry/schema_error.c server/registry/schema_format.c \
	server/registry/schema_regex.c server/registry/schema_regex_translate.c
EVENT_SRC = server/event/event.c server/event/event_flow.c server/event/receive.c server/event/parse.c server/event/glance.c server/event/secrets.c server/event/json_build.c \
	server/event/envelope.c server/event/cloudevents.c server/event/authenticate.c server/event/validate.c \
	server/event/key.c server/event/canonical.c server/event/gather.c server/event/batch.c server/event/decide.c \
	server/event/pending.c server/event/fill.c server/event/waiting.c server/event/phase.c server/event/plan.c server/event/plan_gone.c server/event/store.c \
	server/event/deadletter.c server/event/acknowledge.c server/event/aside.c server/event/item.c server/event/read.c \
	server/event/read_filter.c server/event/tail.c server/event/tail_feed.c server/event/tail_follow.c \
	server/event/letter.c server/event/audit.c server/event/edit.c server/event/redrive.c \
	server/event/redrive_read.c server/event/dlq_delete.c server/event/gone.c server/event/sender.c server/event/report.c server/event/report_job.c server/event/report_read.c
EGQL_SRC = egql/lex.c egql/suggest.c egql/diag.c egql/parse.c egql/parse_token.c egql/parse_cond.c egql/parse_scope.c egql/parse_path.c \
	egql/complete.c egql/regex.c egql/source.c egql/source_use.c egql/check.c egql/check_key.c egql/check_cond.c egql/check_item.c \
	egql/check_walk.c egql/dialect.c egql/dialect_postgresql.c egql/dialect_sqlite.c egql/plan.c egql/emit.c egql/emit_key.c \
	egql/emit_cond.c egql/emit_scope.c egql/emit_graph.c egql/emit_path.c egql/run.c egql/run_bind.c egql/run_walk.c egql/explain.c \
	egql/print.c
FINDINGS_SRC = findings/set.c findings/text.c findings/secrets.c findings/members.c findings/policy.c findings/sarif.c findings/sarif_rule.c findings/readers.c \
	findings/osv.c findings/diff.c findings/finish.c findings/twin.c findings/payload.c
GIT_SRC = git/run.c git/view.c git/log.c git/log_read.c git/patch.c git/text.c git/diff.c git/event.c git/change_type.c git/spool.c
QUERY_SRC = server/query/query.c server/query/query_flow.c server/query/ask.c server/query/receive.c server/query/format.c \
	server/query/may.c server/query/compile.c server/query/cache.c server/query/run.c server/query/stream.c server/query/patience.c server/query/answer.c \
	server/query/explain.c server/query/complete.c
BOARD_SRC = server/query/board.c server/query/board_cache.c server/query/board_answer.c server/query/board_run.c server/query/board_egql.c \
	server/query/board_get.c
ADMIN_SRC = server/admin/admin.c server/admin/dlq.c server/admin/health.c server/admin/metrics.c \
	server/admin/openapi.c server/admin/hud.c server/admin/docs.c server/admin/errors.c server/admin/language.c server/admin/views.c server/admin/topics.c server/admin/validate.c
APP_SRC = server/option.c server/config.c server/notify.c server/look.c server/app.c \
	server/cli/cli.c server/cli/help.c server/cli/serve.c server/cli/migrate.c server/cli/check.c server/cli/token.c \
	server/cli/version.c server/cli/panels.c server/cli/doctor.c server/cli/client.c server/cli/poster.c server/cli/post.c server/cli/post_stream.c \
	server/cli/post_git.c server/cli/dlq.c \
	server/cli/tail.c server/cli/sse.c \
	server/cli/query.c server/cli/query_rows.c server/cli/table.c
MAIN_SRC = server/main.c
INDEX_SRC = indexer/lang.c indexer/extract.c indexer/intern.c indexer/extract_def.c indexer/extract_style.c indexer/extract_import.c \
	indexer/extract_call.c indexer/symbols.c indexer/spec.c indexer/findings_repo.c indexer/findings_ask.c indexer/findings_scan.c indexer/cmd_findings.c indexer/repo.c indexer/repo_blob.c indexer/repo_changes.c indexer/event.c indexer/sink.c \
	indexer/graph.c indexer/resolve.c indexer/resolve_package.c indexer/graph_event.c indexer/progress.c indexer/tell.c indexer/range.c indexer/stage_graph.c indexer/graph_reach.c indexer/graph_follow.c indexer/known.c indexer/stage_commits.c indexer/stage_changes.c indexer/history_one.c indexer/cmd_graph.c \
	indexer/cmd_index.c indexer/cmd_hook.c indexer/token.c indexer/policy.c indexer/delta_match.c indexer/delta_across.c \
	indexer/delta_tokens.c indexer/delta_read.c indexer/delta_event.c indexer/energy.c indexer/history.c indexer/cmd_history.c \
	indexer/mosaic.c indexer/mosaic_curve.c indexer/mosaic_read.c indexer/mosaic_policy.c \
	indexer/mosaic_delta.c indexer/mosaic_distance.c indexer/mosaic_event.c indexer/mosaic_compare.c indexer/png.c indexer/cmd_mosaic.c
GATE_SRC = indexer/stat.c indexer/drift_ph.c indexer/drift_adwin.c indexer/ask.c indexer/gate_policy.c indexer/past.c indexer/past_read.c \
	indexer/gate_event.c indexer/gating.c indexer/threshold_learn.c indexer/threshold_tend.c indexer/threshold_state.c \
	indexer/cmd_thresholds.c indexer/gate.c indexer/gate_i1.c indexer/gate_i2.c indexer/gate_i3.c indexer/gate_i4.c indexer/gate_sig.c \
	indexer/gate_alias.c indexer/gate_lost.c indexer/names.c indexer/names_script.c indexer/names_compiled.c indexer/cmd_gates.c
INDEX_MAIN_SRC = indexer/main.c
EGQLC_SRC = egql/egqlc.c

LIB_SRC = $(BASE_SRC) $(DB_SRC) $(HTTP_SRC) $(AUTH_SRC) $(REGISTRY_SRC) $(EVENT_SRC) $(EGQL_SRC) $(FINDINGS_SRC) $(GIT_SRC) $(QUERY_SRC) $(BOARD_SRC) $(ADMIN_SRC) $(APP_SRC)
UNIT_TESTS = tests/unit/test_base.c tests/unit/test_clock.c tests/unit/test_log.c tests/unit/test_jscan.c tests/unit/test_json_build.c tests/unit/test_secrets.c \
	tests/unit/test_schema.c tests/unit/test_schema_suite.c tests/unit/test_migrate.c tests/unit/test_db_sqlite_catalogue.c \
	tests/unit/test_http_route.c tests/unit/test_http_check.c tests/unit/test_http_body.c tests/unit/test_auth.c \
	tests/unit/test_db_contract.c tests/unit/test_db_contract_reads.c tests/unit/test_db_contract_pool.c tests/unit/test_db_sqlite.c \
	tests/unit/test_edit.c tests/unit/test_phase.c tests/unit/test_rules.c tests/unit/test_project.c tests/unit/test_panels.c tests/unit/test_registry.c \
	tests/unit/test_config.c tests/unit/test_db_pg_sql.c tests/unit/test_egql.c tests/unit/test_egql_cases.c tests/unit/test_egql_run.c \
	tests/unit/test_index_stat.c tests/unit/test_index_signature.c tests/unit/test_index_names.c tests/unit/test_index_tokens.c \
	tests/unit/test_index_mosaic.c tests/unit/test_findings.c
FUZZERS = tests/fuzz/fuzz_egql.c tests/fuzz/fuzz_envelope.c tests/fuzz/fuzz_jscan.c tests/fuzz/fuzz_json_build.c tests/fuzz/fuzz_schema.c tests/fuzz/fuzz_index.c tests/fuzz/fuzz_delta.c \
	tests/fuzz/fuzz_findings.c tests/fuzz/fuzz_git_log.c
# Programs of bench/ that link with the library; scripts/bench.sh runs them.
BENCHES = bench/egql_compile.c bench/load.c bench/pg_copy_limit.c bench/schema.c bench/sqlite_limit.c bench/index_limit.c

PACKAGES = libuv libpq sqlite3 jansson libmicrohttpd libjwt libpcre2-8 libcurl libzstd zlib libcrypto inih
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)
INDEX_LIBS := $(shell pkg-config --libs libgit2 2>/dev/null)

# The parser's core and the grammars' C sources come from npm (scripts/grammars.sh), are no part of the tree, and are compiled once for all
# modes. CORE_SRC has the core within it.
GRAMMAR_DIR = build/grammars
GRAMMAR_FILES = c/src/parser.c go/src/parser.c java/src/parser.c javascript/src/parser.c javascript/src/scanner.c \
	python/src/parser.c python/src/scanner.c rust/src/parser.c rust/src/scanner.c \
	typescript/typescript/src/parser.c typescript/typescript/src/scanner.c typescript/tsx/src/parser.c typescript/tsx/src/scanner.c
GRAMMAR_OBJ = $(GRAMMAR_FILES:%.c=$(GRAMMAR_DIR)/obj/%.o)
GRAMMARS = $(GRAMMAR_DIR)/libgrammars.a
CORE_SRC = indexer/grammars/core.c indexer/grammars/quick_lexer.c indexer/grammars/quick_stack.c \
	indexer/grammars/quick_walk.c indexer/tree.h indexer/pool.c
CORE_OBJ = $(GRAMMAR_DIR)/obj/core.o
CORE_DIR = $(GRAMMAR_DIR)/node_modules/tree-sitter/vendor/tree-sitter/lib
# gcc clears 250 bytes by `rep stos`, which takes longer to begin than to do.
CORE_CLEAR := -mmemset-strategy=unrolled_loop:512:noalign,libcall:-1:noalign
CORE_CLEAR := $(shell $(CC) -Werror $(CORE_CLEAR) -c -x c -o /dev/null /dev/null 2>/dev/null && echo '$(CORE_CLEAR)')
CORE_FLAGS = -O2 -w -std=gnu11 -D_GNU_SOURCE -I. -I$(CORE_DIR)/include -I$(CORE_DIR)/src

CPPFLAGS += -I. -isystem $(CORE_DIR)/include -D_GNU_SOURCE $(PACKAGE_CFLAGS)
CFLAGS_common = -std=c11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wformat=2 -Wundef -fno-strict-aliasing -fstack-protector-strong -g
CFLAGS_release = -O2 -D_FORTIFY_SOURCE=2
CFLAGS_asan = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan = -O1 -fsanitize=thread
CFLAGS_fuzz = -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan = -fsanitize=address,undefined
LDFLAGS_tsan = -fsanitize=thread
LDFLAGS_fuzz = -fsanitize=address,undefined
LDLIBS = $(PACKAGE_LIBS) -lm -lpthread

# Every mode and compiler has a folder of its own; gcc's release is build/ itself.
BUILD_NAME = $(if $(filter release,$(MODE)),,$(MODE))$(if $(filter clang%,$(CC)),$(if $(filter fuzz,$(MODE)),,-clang))
OUT = build$(if $(BUILD_NAME),/$(patsubst -%,%,$(BUILD_NAME)))
OBJ = $(OUT)/obj

PREFIX ?= /usr/local
INSTALL ?= install
FUZZ_S ?=

# V=1 shows the commands.
QUIET = $(if $(V),,@echo "  $@";)
COMPILE = $(CC) $(CPPFLAGS) $(CFLAGS_common) $(CFLAGS_$(MODE)) $(CFLAGS)
LINK = $(CC) $(LDFLAGS_$(MODE)) $(LDFLAGS)

LIB = $(OUT)/libegdb.a
LIB_OBJ = $(LIB_SRC:%.c=$(OBJ)/%.o)
INDEX_LIB = $(OUT)/libegdb-index.a
INDEX_OBJ = $(INDEX_SRC:%.c=$(OBJ)/%.o) $(GATE_SRC:%.c=$(OBJ)/%.o)
INDEX_MAIN_OBJ = $(INDEX_MAIN_SRC:%.c=$(OBJ)/%.o)
MAIN_OBJ = $(MAIN_SRC:%.c=$(OBJ)/%.o)
EGQLC_OBJ = $(EGQLC_SRC:%.c=$(OBJ)/%.o)
UNIT_NAMES = $(notdir $(basename $(UNIT_TESTS)))
UNIT_BIN = $(UNIT_NAMES:%=$(OUT)/unit/%)
FUZZ_NAMES = $(notdir $(basename $(FUZZERS)))
FUZZ_BIN = $(FUZZ_NAMES:%=build/fuzz/%)
BENCH_BIN = $(patsubst %.c,$(OUT)/%,$(BENCHES))

.DEFAULT_GOAL := build
.PHONY: run test build units bench benches lint unit fuzz fuzzers soak clean install setup help FORCE
.SECONDARY:
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "make %-8s %s\n", $$1, $$2 }'
	@echo "Variables: MODE=release|asan|tsan  CC=gcc|clang  PREFIX=/usr/local  DESTDIR=  FUZZ_S=seconds"

setup: ## install what is missing for building and running (Debian 12, as root)
	@scripts/setup.sh run

run: ## set up, build, start the server on 127.0.0.1:8421 with this checkout's history
	@scripts/run.sh

test: ## set up for tests, build all ways, run every test (at most 40 minutes on 2 cores)
	@scripts/test.sh

soak: ## the long runs in full: kills, crashes, full disks, positions, poison, large repositories, fuzzers
	@EGDB_SOAK=1 scripts/test.sh soak

bench: ## measure, each figure beside its limit
	@scripts/bench.sh

build: $(OUT)/egdb $(OUT)/egqlc $(OUT)/egdb-index ## the programs, in build/

$(OUT)/egdb: $(MAIN_OBJ) $(LIB)
	$(QUIET)$(LINK) -o $@ $^ $(LDLIBS)

$(OUT)/egqlc: $(EGQLC_OBJ) $(LIB)
	$(QUIET)$(LINK) -o $@ $^ $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(QUIET)ar rcs $@ $^

$(OUT)/egdb-index: $(INDEX_MAIN_OBJ) $(INDEX_LIB) $(LIB) $(GRAMMARS)
	$(QUIET)$(LINK) -o $@ $^ $(INDEX_LIBS) $(LDLIBS)

$(INDEX_LIB): $(INDEX_OBJ)
	@rm -f $@
	$(QUIET)ar rcs $@ $^

$(GRAMMAR_DIR)/installed-lock.json: indexer/grammars/package-lock.json
	@scripts/grammars.sh
	@touch $@

$(GRAMMAR_DIR)/obj/%.o: indexer/grammars/quick_lexer.c $(GRAMMAR_DIR)/installed-lock.json # -w: the code of others
	@mkdir -p $(@D)
	$(QUIET)$(CC) -O2 -w -std=c11 -I$(GRAMMAR_DIR)/node_modules/tree-sitter-$(dir $*) -I$(CORE_DIR)/src -I$(CORE_DIR)/include \
		$(if $(filter parser,$(notdir $*)),-include indexer/grammars/quick_lexer.c) -c -o $@ \
		$(GRAMMAR_DIR)/node_modules/tree-sitter-$*.c

$(CORE_OBJ): $(CORE_SRC) indexer/pool.h $(GRAMMAR_DIR)/installed-lock.json
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(CORE_FLAGS) $(CORE_CLEAR) -c -o $@ $<

$(GRAMMARS): $(CORE_OBJ) $(GRAMMAR_OBJ)
	@rm -f $@
	$(QUIET)ar rcs $@ $^

# Objects are made anew when the flags change, but not when another list of this file does.
$(OBJ)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

$(OBJ)/server/admin/language.o: egql/GRAMMAR.md # has it inside

# The page: its modules are bundled once for all modes, and stand inside the program.
HUD_DIR = build/hud
HUD_NPM = build/hud-npm/installed-lock.json
HUD_FILES := $(wildcard hud/*.* hud/*/*.*)

$(HUD_NPM): hud/package-lock.json
	@scripts/hud.sh
	@touch $@

$(HUD_DIR)/assets.def: $(HUD_NPM) $(HUD_FILES)
	$(QUIET)node hud/build.mjs

$(OBJ)/server/admin/hud.o: $(HUD_DIR)/assets.def

$(OBJ)/%.o: %.c $(OBJ)/flags | $(GRAMMAR_DIR)/installed-lock.json
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) -MMD -MP -c -o $@ $<

units: $(UNIT_BIN) $(OUT)/http_probe $(OUT)/egql_probe

$(OUT)/http_probe: $(OBJ)/tests/support/http_probe.o $(LIB) # a server without a store, for tests/api/test_framing.py
	$(QUIET)$(LINK) -o $@ $^ $(LDLIBS)

$(OUT)/egql_probe: $(OBJ)/tests/support/egql_probe.o $(LIB) # queries on a store without a server, for tests/contract/test_egql.py and bench/graph
	$(QUIET)$(LINK) -o $@ $^ $(LDLIBS)

$(OUT)/unit/test_index_stat $(OUT)/unit/test_index_signature $(OUT)/unit/test_index_mosaic: $(INDEX_LIB)
$(OUT)/unit/test_index_tokens $(OUT)/unit/test_index_names: $(INDEX_LIB) $(GRAMMARS)
$(OUT)/unit/test_index_tokens $(OUT)/unit/test_index_names: UNIT_LIBS = $(INDEX_LIBS)

$(OUT)/unit/%: $(OBJ)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(QUIET)$(LINK) -o $@ -Wl,--start-group $^ -Wl,--end-group $(CHECK_LIBS) $(UNIT_LIBS) $(LDLIBS)

benches: $(BENCH_BIN) $(OUT)/egql_probe

$(OUT)/bench/index_limit: $(GRAMMARS)
$(OUT)/bench/index_limit: BENCH_LIBS = $(INDEX_LIBS)

$(OUT)/bench/%: $(OBJ)/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(QUIET)$(LINK) -o $@ $^ $(BENCH_LIBS) $(LDLIBS)

unit: units ## the unit tests of this MODE
	@scripts/unit.sh $(UNIT_BIN)

lint: ## include directions, sizes, headers, scripts, documents, images
	@tests/lint/run.sh

# A fuzzer is built of instrumented objects: this file calls itself with the mode for it.
ifeq ($(MODE),fuzz)
fuzzers: $(FUZZ_BIN)
else
fuzzers:
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzzers
endif

build/fuzz/fuzz_index build/fuzz/fuzz_delta: $(INDEX_LIB) $(GRAMMARS)
build/fuzz/fuzz_index build/fuzz/fuzz_delta: FUZZ_LIBS = $(INDEX_LIBS)

build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(QUIET)$(LINK) -fsanitize=fuzzer -o $@ -Wl,--start-group $^ -Wl,--end-group $(FUZZ_LIBS) $(LDLIBS)

fuzz: fuzzers ## each fuzzer for FUZZ_S seconds; 60 for what the server is sent, else 15
	@FUZZ_S=$(FUZZ_S) scripts/fuzz.sh $(FUZZ_BIN)

install: build ## to $(DESTDIR)$(PREFIX)
	$(INSTALL) -D -m 755 $(OUT)/egdb $(DESTDIR)$(PREFIX)/bin/egdb
	$(INSTALL) -D -m 755 $(OUT)/egdb-index $(DESTDIR)$(PREFIX)/bin/egdb-index
	$(INSTALL) -D -m 755 $(OUT)/egqlc $(DESTDIR)$(PREFIX)/bin/egqlc
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/egdb
	cp -R spec migrations openapi.yaml $(DESTDIR)$(PREFIX)/share/egdb/
	$(INSTALL) -D -m 644 config/egdb.ini $(DESTDIR)$(PREFIX)/share/egdb/egdb.ini
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/|$(PREFIX)/|g' deploy/egdb.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/egdb.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/egdb.service

clean: ## remove build/
	rm -rf build

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(EGQLC_OBJ:.o=.d) $(INDEX_OBJ:.o=.d) $(INDEX_MAIN_OBJ:.o=.d) $(UNIT_NAMES:%=$(OBJ)/tests/unit/%.d) $(FUZZ_NAMES:%=$(OBJ)/tests/fuzz/%.d) $(OBJ)/tests/support/egql_probe.d $(OBJ)/tests/support/http_probe.d
