/* A command of egdb-index: its flags, its words, and how it ends. */
#ifndef EG_INDEXER_COMMAND_H
#define EG_INDEXER_COMMAND_H

#include "base/err.h"

/* gates: FAILED is a block, UNDECIDED any failure. AWAY: nothing is wrong but that no server takes or gives anything just now. */
enum eg_exit_code { EG_EXIT_OK = 0, EG_EXIT_FAILED = 1, EG_EXIT_USAGE = 2, EG_EXIT_UNDECIDED = 3, EG_EXIT_AWAY = 4 };

struct eg_index_flags { /* as given; NULL: not given */
#define X(member, flag, value, commands, help) const char *member;
#include "indexer/options.def"
#undef X
};

struct eg_index_command {
    struct eg_index_flags flags;
    int n_words;
    char **words;
    struct eg_err err; /* what EG_EXIT_FAILED and EG_EXIT_USAGE say */
};

#define X(name, letter, words, help) int eg_index_##name(struct eg_index_command *command);
#include "indexer/commands.def"
#undef X

#endif
