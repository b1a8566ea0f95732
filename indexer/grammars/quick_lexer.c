/* Read in front of every grammar's parser.c: the grammar's own macros, and quicker ones in the place of those that its lexer spends
 * most of its time in. They do what the grammar's do, for a text that is one range of UTF-8, as the indexer's are. Compiled by gcc and
 * clang with the code of others, without warnings. */
#ifndef EG_GRAMMARS_CORE
#include <tree_sitter/parser.h> /* the grammar's; the core's, which has the same guard, is left out with what follows */

#include <stdatomic.h> /* not in the core, which has an atomic_load of its own */
#endif

#include <lexer.h>

/* The next character, where that is one byte of ASCII behind another, as nearly all are; the core's way is for the ends of texts, for other
 * characters, and for the first one after a jump. */
static inline void eg_advance(TSLexer *lexer, bool skip, void (*slowly)(TSLexer *, bool)) {
    Lexer *self = (Lexer *)lexer;
    uint32_t next = self->current_position.bytes - self->chunk_start + 1;
    if (__builtin_expect(self->lookahead_size != 1 || next >= self->chunk_size || (signed char)self->chunk[next] < 0, 0)) {
        slowly(lexer, skip);
        return;
    }
    self->current_position.bytes++;
    if (self->data.lookahead == '\n') {
        self->current_position.extent.row++;
        self->current_position.extent.column = 0;
    } else {
        self->current_position.extent.column++;
    }
    if (skip) {
        self->token_start_position = self->current_position;
    }
    self->data.lookahead = (unsigned char)self->chunk[next];
}

#ifndef EG_GRAMMARS_CORE

/* A place where the lexer goes by a list of characters or of ranges has the answers for ASCII after its first use. Threads may fill them
 * at once: with the same answers. */
struct eg_lex_map {
    _Atomic bool ready;
    _Atomic uint16_t to[128]; /* the state + 1; 0: none */
};

struct eg_lex_set {
    _Atomic bool ready;
    _Atomic uint64_t bits[2];
};

static inline uint32_t eg_lex_map_search(const uint16_t *map, size_t n, int32_t c) {
    for (size_t i = 0; i < n; i += 2) {
        if (map[i] == c) {
            return map[i + 1] + 1u;
        }
    }
    return 0;
}

static __attribute__((noinline, unused)) void eg_lex_map_fill(struct eg_lex_map *kept, const uint16_t *map, size_t n) {
    for (int32_t c = 0; c < 128; c++) {
        atomic_store_explicit(&kept->to[c], (uint16_t)eg_lex_map_search(map, n, c), memory_order_relaxed);
    }
    atomic_store_explicit(&kept->ready, true, memory_order_release);
}

static inline uint32_t eg_lex_map_at(struct eg_lex_map *kept, const uint16_t *map, size_t n, int32_t c) {
    if ((uint32_t)c >= 128) {
        return eg_lex_map_search(map, n, c);
    }
    if (__builtin_expect(!atomic_load_explicit(&kept->ready, memory_order_acquire), 0)) {
        eg_lex_map_fill(kept, map, n);
    }
    return atomic_load_explicit(&kept->to[c], memory_order_relaxed);
}

static __attribute__((noinline, unused)) bool eg_lex_set_search(const TSCharacterRange *ranges, uint32_t n, int32_t c) {
    return set_contains((TSCharacterRange *)ranges, n, c);
}

static __attribute__((noinline, unused)) void eg_lex_set_fill(struct eg_lex_set *kept, const TSCharacterRange *ranges, uint32_t n) {
    uint64_t bits[2] = {0};
    for (int32_t c = 0; c < 128; c++) {
        bits[c / 64] |= (uint64_t)eg_lex_set_search(ranges, n, c) << c % 64;
    }
    atomic_store_explicit(&kept->bits[0], bits[0], memory_order_relaxed);
    atomic_store_explicit(&kept->bits[1], bits[1], memory_order_relaxed);
    atomic_store_explicit(&kept->ready, true, memory_order_release);
}

static inline bool eg_lex_set_has(struct eg_lex_set *kept, const TSCharacterRange *ranges, uint32_t n, int32_t c) {
    if ((uint32_t)c >= 128) {
        return eg_lex_set_search(ranges, n, c);
    }
    if (__builtin_expect(!atomic_load_explicit(&kept->ready, memory_order_acquire), 0)) {
        eg_lex_set_fill(kept, ranges, n);
    }
    return atomic_load_explicit(&kept->bits[c / 64], memory_order_relaxed) >> c % 64 & 1;
}

#undef START_LEXER
#define START_LEXER() \
    bool result = false, skip = false; \
    UNUSED bool eof = false; \
    int32_t lookahead; \
    goto start; \
next_state: \
    eg_advance(lexer, skip, lexer->advance); \
start: \
    skip = false; \
    lookahead = lexer->lookahead;

/* The lexers ask `eof = lexer->eof(lexer)` before each character; only where this one is 0 can the text have ended. */
#define eof(of) lookahead == 0 && ((Lexer *)of)->current_included_range_index == ((Lexer *)of)->included_range_count

#undef ACCEPT_TOKEN
#define ACCEPT_TOKEN(symbol_value) \
    result = true; \
    lexer->result_symbol = symbol_value; \
    ((Lexer *)lexer)->token_end_position = ((Lexer *)lexer)->current_position;

#ifdef ADVANCE_MAP
#undef ADVANCE_MAP
#define ADVANCE_MAP(...) \
    { \
        static const uint16_t map[] = {__VA_ARGS__}; \
        static struct eg_lex_map kept; \
        uint32_t to = eg_lex_map_at(&kept, map, sizeof(map) / sizeof(map[0]), lookahead); \
        if (to) { \
            state = (TSStateId)(to - 1); \
            goto next_state; \
        } \
    }
#endif

#define set_contains(ranges, n, c) \
    __extension__({ \
        static struct eg_lex_set kept; \
        eg_lex_set_has(&kept, ranges, n, c); \
    })

#endif
