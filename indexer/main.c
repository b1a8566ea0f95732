/* egdb-index: reads git repositories and turns them into events. Here the command line is read. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/command.h"
#include "indexer/lang.h"

struct entry {
    const char *name;
    char letter;
    const char *words, *help;
    int (*run)(struct eg_index_command *);
};

static const struct entry commands[] = {
#define X(name, letter, words, help) {#name, letter, words, help, eg_index_##name},
#include "indexer/commands.def"
#undef X
};

static const struct flag {
    const char *flag, *value, *commands, *help;
    size_t at; /* in struct eg_index_flags */
} flags[] = {
#define X(member, flag, value, commands, help) {flag, value, commands, help, offsetof(struct eg_index_flags, member)},
#include "indexer/options.def"
#undef X
};

static const struct {
    const char *command, *text;
} examples[] = {
#define X(command, text) {#command, text},
#include "indexer/examples.def"
#undef X
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))
enum { HELP = 1, FLAG = 1000, NAME_MOST_B = 199 }; /* of a repository, as the events' schemas bound it */

static void help_all(FILE *out) {
    fprintf(out, "egdb-index [--repo .] [--from REV] [--to REV | --all] [--server URL | --out DIR] [--jobs N]\n"
                 "egdb-index COMMAND [FLAGS] [WORDS]\n\n"
                 "Reads a git repository and posts what is found in it to an EGDB server.\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    fprintf(out, "\n`egdb-index COMMAND --help` lists the flags. Exit codes: 0 done, 1 failed, 2 wrong usage, 4 the server\n"
                 "is away; of gates 0 nothing blocks, 1 a gate blocks, 2 wrong usage, 3 it could not be decided.\n");
}

static void help_command(const struct entry *entry) {
    printf("egdb-index %s [FLAGS]%s%s\n\n%s\n\n", entry->name, *entry->words ? " " : "", entry->words, entry->help);
    for (size_t i = 0; i < N_FLAGS; i++) {
        if (strchr(flags[i].commands, entry->letter)) {
            char text[80];
            snprintf(text, sizeof(text), "--%s%s%s", flags[i].flag, flags[i].value ? " " : "", flags[i].value ? flags[i].value : "");
            printf("  %-18s %s\n", text, flags[i].help);
        }
    }
    bool first = true;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        if (strcmp(examples[i].command, entry->name) == 0) {
            printf("%s  %s\n", first ? "\nExamples:\n" : "", examples[i].text);
            first = false;
        }
    }
}

/* −1: all was read; else the exit code. */
static int read_flags(struct eg_index_command *command, const struct entry *entry, int argc, char **argv) {
    struct option list[N_FLAGS + 2] = {{"help", no_argument, NULL, HELP}};
    int n = 1, answer;
    for (size_t i = 0; i < N_FLAGS; i++) {
        if (strchr(flags[i].commands, entry->letter)) {
            list[n++] = (struct option){flags[i].flag, flags[i].value ? required_argument : no_argument, NULL, FLAG + (int)i};
        }
    }
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":h", list, NULL)) != -1) {
        if (answer == HELP || answer == 'h') {
            help_command(entry);
            return EG_EXIT_OK;
        }
        if (answer < FLAG) {
            fprintf(stderr, "egdb-index %s: %s: %s; `egdb-index %s --help` lists the flags\n", entry->name, argv[optind - 1],
                    answer == ':' ? "needs a value" : "there is no such flag", entry->name);
            return EG_EXIT_USAGE;
        }
        const char **member = (const char **)(void *)((char *)&command->flags + flags[answer - FLAG].at);
        *member = optarg ? optarg : "";
    }
    command->n_words = argc - optind;
    command->words = argv + optind;
    if (*entry->words != '[' && (command->n_words == 0) != (*entry->words == '\0')) { /* [: as the command likes */
        fprintf(stderr, "egdb-index %s: %s%s\n", entry->name, command->n_words ? "one word too many" : "say ",
                command->n_words ? "" : entry->words);
        return EG_EXIT_USAGE;
    }
    return -1;
}

static int run(const struct entry *entry, int argc, char **argv) {
    struct eg_index_command command = {0};
    int code = read_flags(&command, entry, argc, argv);
    if (code >= 0) {
        return entry->run == eg_index_hook ? EG_EXIT_OK : code; /* a commit never fails for it */
    }
    if (command.flags.name && strlen(command.flags.name) > NAME_MOST_B) {
        fprintf(stderr, "egdb-index %s: --name: longer than %d bytes\n", entry->name, NAME_MOST_B);
        return EG_EXIT_USAGE;
    }
    code = eg_grammars_load(&command.err) ? EG_EXIT_FAILED : entry->run(&command);
    eg_grammars_free();
    if (code != EG_EXIT_OK && command.err.code != EG_E_NONE) {
        fprintf(stderr, "egdb-index %s: %s%s%s\n", entry->name, command.err.place, *command.err.place ? ": " : "", command.err.message);
    }
    code = code == EG_EXIT_FAILED && command.err.code == EG_E_STORE_UNAVAILABLE ? EG_EXIT_AWAY : code;
    return fflush(stdout) ? EG_EXIT_FAILED : code;
}

int main(int argc, char **argv) {
    bool wants_help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0);
    if (!wants_help && (argc == 1 || argv[1][0] == '-')) {
        return run(&commands[0], argc, argv); /* index, without its name */
    }
    for (size_t i = 0; argc > 1 && i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run(&commands[i], argc - 1, argv + 1);
        }
    }
    help_all(wants_help ? stdout : stderr);
    return wants_help ? EG_EXIT_OK : EG_EXIT_USAGE;
}
