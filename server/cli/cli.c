/* Reads a command line: the command, its own flags, the configuration's flags, and the words that are left. */
#include "server/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "server/registry/json_write.h"

/* What getopt_long answers: the own flags of the command from OWN on, those of the configuration from OPTION on;
 * letters lie below. */
enum { HELP = 1, CONFIG_FILE = 2, OWN = 1000, OPTION = 2000 };

#define PRINTED_MOST_B ((size_t)1 << 30)
#define LONG_MOST (EG_OPT_COUNT + EG_CLI_FLAGS_MOST + 3)
#define GIVEN_MOST 256

struct parse {
    struct eg_cli *cli;
    struct option list[LONG_MOST];
    size_t n;
    struct eg_config_flag given[GIVEN_MOST];
    size_t n_given;
    const char *file;
};

static void add(struct parse *parse, const char *name, int has_value, int answer) {
    parse->list[parse->n++] = (struct option){name, has_value, NULL, answer};
}

static void list_flags(struct parse *parse) {
    const struct eg_command *command = parse->cli->command;
    add(parse, "help", no_argument, HELP);
    EG_ASSERT(command->n_flags <= EG_CLI_FLAGS_MOST);
    for (size_t i = 0; i < command->n_flags; i++) {
        add(parse, command->flags[i].name, command->flags[i].value ? required_argument : no_argument, OWN + (int)i);
    }
    if (!command->sections) {
        return;
    }
    add(parse, "config", required_argument, CONFIG_FILE);
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        add(parse, eg_options[i].flag, eg_options[i].kind == EG_OPTION_BOOL ? optional_argument : required_argument,
            OPTION + i);
    }
}

static enum eg_exit unknown_flag(const struct parse *parse, const char *given) {
    const char *words[LONG_MOST];
    char name[64];
    const char *start = given + strspn(given, "-");
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(start, "="), start);
    for (size_t i = 0; i < parse->n; i++) {
        words[i] = parse->list[i].name;
        if (strcmp(words[i], name) == 0) {
            return eg_cli_usage(parse->cli, "--%s %s", name,
                                parse->list[i].has_arg ? "needs a value" : "takes no value");
        }
    }
    const char *near = eg_text_nearest(name, words, parse->n);
    return eg_cli_usage(parse->cli, "there is no flag %s%s%s%s", given, near ? "; did you mean --" : "",
                        near ? near : "", near ? "?" : "");
}

/* What getopt wants to know of letters: ":hf:". */
static void short_flags(const struct eg_command *command, char out[32]) {
    size_t n = (size_t)snprintf(out, 32, ":h");
    for (const char *p = command->letters; p && *p; p += 2) {
        n += (size_t)snprintf(out + n, 32 - n, "%c%s", *p, command->flags[p[1] - '0'].value ? ":" : "");
    }
}

static int own_by_letter(const struct eg_command *command, int letter) {
    for (const char *p = command->letters; p && *p; p += 2) {
        if (*p == letter) {
            return OWN + (p[1] - '0');
        }
    }
    return letter;
}

static bool take_own(struct eg_cli *cli, int place, const char *value) {
    const char *repeats = cli->command->repeats;
    cli->values[place] = value ? value : "";
    if (!repeats || strcmp(cli->command->flags[place].name, repeats) != 0) {
        return true;
    }
    if (cli->n_repeated == EG_CLI_REPEATS_MOST) {
        return false;
    }
    cli->repeated[cli->n_repeated++] = cli->values[place];
    return true;
}

/* −1: all was read; else the exit code. */
static int read_flags(struct parse *parse, int argc, char **argv) {
    struct eg_cli *cli = parse->cli;
    int answer;
    char letters[32];
    short_flags(cli->command, letters);
    opterr = 0;
    optind = 0;
    while ((answer = getopt_long(argc, argv, letters, parse->list, NULL)) != -1) {
        answer = own_by_letter(cli->command, answer);
        if (answer == HELP || answer == 'h') {
            eg_cli_help_command(cli->command);
            return EG_EXIT_OK;
        }
        if (answer == CONFIG_FILE) {
            parse->file = optarg;
        } else if (answer >= OPTION && parse->n_given < GIVEN_MOST) {
            const char *value = optarg ? optarg : "on";
            parse->given[parse->n_given++] = (struct eg_config_flag){eg_options[answer - OPTION].flag, value};
        } else if (answer >= OWN && answer < OPTION) {
            if (!take_own(cli, answer - OWN, optarg)) {
                return (int)eg_cli_usage(cli, "--%s is given too often", cli->command->repeats);
            }
        } else {
            return (int)unknown_flag(parse, argv[optind - 1]);
        }
    }
    cli->n_words = argc - optind;
    cli->words = argv + optind;
    if (cli->n_words < cli->command->least_words) {
        return (int)eg_cli_usage(cli, "say which: %s", cli->command->words);
    }
    if (cli->command->most_words >= 0 && cli->n_words > cli->command->most_words) {
        return (int)eg_cli_usage(cli, "\"%s\" is one word too many", cli->words[cli->command->most_words]);
    }
    return -1;
}

static enum eg_exit run(int argc, char **argv, const struct eg_command *command) {
    struct eg_cli cli = {.command = command};
    struct parse parse = {.cli = &cli};
    enum eg_log_level level = EG_LOG_INFO;
    list_flags(&parse);
    int code = read_flags(&parse, argc, argv);
    if (code >= 0) {
        return (enum eg_exit)code;
    }
    if (command->sections) {
        if (eg_config_load(parse.file, (const char *const *)environ, parse.given, parse.n_given, &cli.config,
                           &cli.err)) {
            return eg_cli_failed(&cli);
        }
        eg_log_level_parse(cli.config->log_level, &level);
        eg_log_setup(level, cli.config->log_json);
    }
    enum eg_exit exit_code = command->run(&cli);
    eg_config_free(cli.config);
    if (fflush(stdout) != 0 && errno != EPIPE) {
        fprintf(stderr, "egdb %s: the output cannot be written: %s\n", command->name, strerror(errno));
        return EG_EXIT_FAILED;
    }
    return exit_code;
}

static enum eg_exit unknown_command(const char *name) {
    const char *words[64];
    size_t n = 0;
    for (; eg_commands[n]; n++) {
        words[n] = eg_commands[n]->name;
    }
    const char *near = eg_text_nearest(name, words, n);
    fprintf(stderr, "egdb: there is no command %s%s%s%s\n`egdb help` lists them all.\n", name,
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return EG_EXIT_USAGE;
}

enum eg_exit eg_cli_main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    const struct eg_command *command = eg_command_by_name(name);
    if (command) {
        return run(argc - 1, argv + 1, command);
    }
    if (strcmp(name, "--version") == 0) {
        return run(1, argv, eg_command_by_name("version"));
    }
    if (strcmp(name, "help") == 0 && argc > 2) {
        command = eg_command_by_name(argv[2]);
        if (!command) {
            return unknown_command(argv[2]);
        }
        eg_cli_help_command(command);
        return EG_EXIT_OK;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        eg_cli_help();
        return EG_EXIT_OK;
    }
    if (!*name) {
        fprintf(stderr, "egdb: say which command; `egdb help` lists them all.\n");
        return EG_EXIT_USAGE;
    }
    return unknown_command(name);
}

const char *eg_cli_value(const struct eg_cli *cli, const char *name) {
    for (size_t i = 0; i < cli->command->n_flags; i++) {
        if (strcmp(cli->command->flags[i].name, name) == 0) {
            return cli->values[i];
        }
    }
    EG_ASSERT(!"a flag that the command has not declared");
    return NULL;
}

bool eg_cli_form(struct eg_cli *cli, enum eg_form *form) {
    static const char *const names[] = {"table", "json", "ndjson", "csv"};
    const char *given = eg_cli_value(cli, "format");
    *form = isatty(STDOUT_FILENO) ? EG_FORM_TABLE : EG_FORM_NDJSON;
    for (int i = 0; given && i < 4; i++) {
        if (strcmp(given, names[i]) == 0) {
            *form = (enum eg_form)i;
            return true;
        }
    }
    if (given) {
        (void)eg_cli_usage(cli, "--format is table, json, ndjson or csv, not \"%s\"", given);
    }
    return !given;
}

bool eg_cli_number(const struct eg_cli *cli, const char *name, long least, long most, long fallback, long *value) {
    const char *given = eg_cli_value(cli, name);
    char *end = NULL;
    *value = fallback;
    if (!given) {
        return true;
    }
    errno = 0;
    *value = strtol(given, &end, 10);
    if (errno || end == given || *end || *value < least || *value > most) {
        (void)eg_cli_usage(cli, "--%s is a whole number from %ld to %ld", name, least, most);
        return false;
    }
    return true;
}

void eg_cli_print_json(json_t *value, bool indented) {
    struct eg_buf text;
    eg_buf_init(&text, PRINTED_MOST_B);
    if (indented) {
        eg_json_write_indented(&text, value);
    } else {
        eg_json_write(&text, value);
    }
    (void)!fwrite(eg_buf_text(&text), 1, text.len, stdout);
    eg_buf_free(&text);
}

enum eg_exit eg_cli_usage(const struct eg_cli *cli, const char *format, ...) {
    va_list list;
    fprintf(stderr, "egdb %s: ", cli->command->name);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\n`egdb %s --help` explains it.\n", cli->command->name);
    return EG_EXIT_USAGE;
}

enum eg_exit eg_cli_failed(const struct eg_cli *cli) {
    const struct eg_err *err = &cli->err;
    fprintf(stderr, "egdb %s: %s%s%s%s\n", cli->command->name, err->message, *err->place ? " (" : "", err->place,
            *err->place ? ")" : "");
    return eg_exit_of(err);
}
