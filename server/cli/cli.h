/* A command line: which command, its own flags and words, and the configuration that its other flags, the environment
 * and the file make. One file a command; commands.def lists them. */
#ifndef EG_CLI_CLI_H
#define EG_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "server/app.h"
#include "server/config.h"

#define EG_CLI_FLAGS_MOST 16
#define EG_CLI_REPEATS_MOST 64

struct json_t; /* jansson.h */

struct eg_cli_flag {
    const char *name;
    const char *value; /* what its help calls it; NULL: a switch */
    const char *help;
};

struct eg_cli;

struct eg_command {
    const char *name;
    const char *summary;  /* one line of `egdb help` */
    const char *words;    /* "up|down|status"; "" without */
    const char *about;    /* paragraphs of its --help */
    const char *examples; /* lines */
    size_t n_flags;
    const struct eg_cli_flag *flags; /* its own */
    const char *letters; /* short forms: a letter, then the digit of its flag's place: "f0"; NULL without */
    const char *repeats; /* the one flag that may be given more than once; NULL without */
    const char *sections; /* of the configuration, as its help lists them: "server store"; NULL: none is loaded */
    int least_words, most_words; /* most −1: any number */
    enum eg_exit (*run)(struct eg_cli *cli);
};

struct eg_cli {
    const struct eg_command *command;
    struct eg_config *config; /* NULL for a command without sections */
    const char *values[EG_CLI_FLAGS_MOST];
    size_t n_repeated; /* all values of command->repeats, in order */
    const char *repeated[EG_CLI_REPEATS_MOST];
    int n_words;
    char **words;
    struct eg_err err;
};

enum eg_exit eg_cli_main(int argc, char **argv);

/* The value of one of the command's own flags, "" for a switch; NULL when it was not given. */
const char *eg_cli_value(const struct eg_cli *cli, const char *name);
/* A whole number given by an own flag; fallback without it. Prints and returns false when it is none or out of range.
 */
bool eg_cli_number(const struct eg_cli *cli, const char *name, long least, long most, long fallback, long *value);
/* How rows are printed: by --format; without it a table on a terminal, else NDJSON. False: the usage has been said. */
enum eg_form { EG_FORM_TABLE, EG_FORM_JSON, EG_FORM_NDJSON, EG_FORM_CSV };
bool eg_cli_form(struct eg_cli *cli, enum eg_form *form);
/* Compact, or indented for people; no line break behind it. */
void eg_cli_print_json(struct json_t *value, bool indented);
/* "egdb migrate: message" on stderr; answers EG_EXIT_USAGE, with a line that names --help. */
enum eg_exit eg_cli_usage(const struct eg_cli *cli, const char *format, ...) EG_PRINTF(2, 3);
/* Prints cli->err on stderr, with its place and hint; answers 78 for config_invalid, else 1. */
enum eg_exit eg_cli_failed(const struct eg_cli *cli);

/* check.c: panels and sources are loaded and, with a store (look, or NULL), compiled and judged by it; n: the panels. */
EG_MUST_CHECK eg_status eg_cli_check_panels(const char *spec, struct eg_look *look, size_t *n, struct eg_err *err);

/* help.c */
void eg_cli_help(void); /* of the program, to stdout */
void eg_cli_help_command(const struct eg_command *command);
extern const struct eg_command *const eg_commands[]; /* ends with NULL */
const struct eg_command *eg_command_by_name(const char *name);

#endif
