/* The parser: tree-sitter's core (npm, pinned in package.json) as one unit, with the indexer's memory, and with quicker ways where the
 * indexer uses less than the core can do. Compiled once for all modes, without warnings, as it is mostly the code of others. What it
 * replaces is replaced by name, before the core's files are read; their versions are pinned, so the names are too. */
#define NDEBUG

#include "indexer/pool.c"

#define ts_malloc pool_malloc
#define ts_calloc pool_calloc
#define ts_realloc pool_realloc
#define ts_free pool_free

/* A tree stays with the thread that made it: its counts of references need no lock. */
#include <atomic.h>
static inline uint32_t eg_plain_inc(volatile uint32_t *count) { return ++*(uint32_t *)count; }
static inline uint32_t eg_plain_dec(volatile uint32_t *count) { return --*(uint32_t *)count; }
#define atomic_inc eg_plain_inc
#define atomic_dec eg_plain_dec

/* Of most states the actions are lists that are searched for the symbol; few pairs come again and again, and are kept. */
#include <language.h>
#define KEPT_BITS 12
static _Thread_local struct {
    const TSLanguage *language;
    uint64_t pairs[1 << KEPT_BITS]; /* ~(state, symbol), value */
} kept;

static inline uint16_t eg_language_lookup(const TSLanguage *language, TSStateId state, TSSymbol symbol) {
    if (state < language->large_state_count) {
        return language->parse_table[state * language->symbol_count + symbol];
    }
    if (kept.language != language) {
        kept.language = language;
        memset(kept.pairs, 0, sizeof(kept.pairs));
    }
    uint32_t key = (uint32_t)state << 16 | symbol;
    uint64_t *pair = &kept.pairs[key * UINT32_C(2654435769) >> (32 - KEPT_BITS)];
    if (*pair >> 32 != (uint32_t)~key) {
        *pair = (uint64_t)(uint32_t)~key << 32 | ts_language_lookup(language, state, symbol);
    }
    return (uint16_t)*pair;
}
#define ts_language_lookup eg_language_lookup

#define ts_lexer_init eg_lexer_init_plain
#include <lexer.c>
#undef ts_lexer_init
#define EG_GRAMMARS_CORE
#include "indexer/grammars/quick_lexer.c"

/* For the scanners that are no lexers of the grammars'. */
static void advance(TSLexer *lexer, bool skip) { eg_advance(lexer, skip, ts_lexer__advance); }

void ts_lexer_init(Lexer *self) {
    eg_lexer_init_plain(self);
    self->data.advance = advance;
}

#include <alloc.c>
#include <get_changed_ranges.c>
#include <language.c>
#include <node.c>
#include <subtree.c>

static inline void eg_quick_release(SubtreePool *pool, Subtree tree);
#define ts_subtree_release(pool, tree) eg_quick_release(pool, tree)
#define ts_stack_pop_count eg_any_stack_pop_count
#define ts_stack_push eg_any_stack_push
#include <stack.c>
#undef ts_stack_pop_count
#undef ts_stack_push
#include "indexer/grammars/quick_stack.c"
#include "indexer/grammars/quick_walk.c"

#include <parser.c>
#include <query.c>
#include <tree.c>
#include <tree_cursor.c>
#include <wasm_store.c>
