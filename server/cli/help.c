/* The texts of --help, made from the commands' own descriptions and options.def. */
#include <stdio.h>
#include <string.h>

#include "server/cli/cli.h"
#include "server/version.h"

#define X(name) extern const struct eg_command eg_command_##name;
#include "server/cli/commands.def"
#undef X

const struct eg_command *const eg_commands[] = {
#define X(name) &eg_command_##name,
#include "server/cli/commands.def"
#undef X
    NULL};

const struct eg_command *eg_command_by_name(const char *name) {
    for (size_t i = 0; eg_commands[i]; i++) {
        if (strcmp(eg_commands[i]->name, name) == 0) {
            return eg_commands[i];
        }
    }
    return NULL;
}

void eg_cli_help(void) {
    printf("egdb %s: a durable event and graph database over PostgreSQL or one SQLite file\n\nusage: egdb COMMAND "
           "[FLAGS] [WORDS]\n\n",
           EG_VERSION);
    for (size_t i = 0; eg_commands[i]; i++) {
        printf("  %-9s %s\n", eg_commands[i]->name, eg_commands[i]->summary);
    }
    printf("\n`egdb COMMAND --help` explains a command with examples. Options come from flags, then the environment "
           "(EGDB_*),\n"
           "then config/egdb.ini or /etc/egdb/egdb.ini, then defaults.\n\n"
           "exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration\n");
}

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += n) {
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static void flag_line(const char *name, const char *value, const char *help, const char *def) {
    char left[80];
    snprintf(left, sizeof(left), "--%s%s%s", name, value ? " " : "", value ? value : "");
    printf("  %-34s %s%s%s%s\n", left, help, def && *def ? " [" : "", def && *def ? def : "", def && *def ? "]" : "");
}

static void options(const struct eg_command *command) {
    static const char *const values[] = {"TEXT", "N", "on|off"};
    printf("\nconfiguration:\n");
    flag_line("config", "FILE", "the configuration file", "config/egdb.ini");
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        const struct eg_option_info *info = &eg_options[i];
        if (has_word(command->sections, info->section)) {
            flag_line(info->flag, values[info->kind], info->help, info->def);
        }
    }
}

void eg_cli_help_command(const struct eg_command *command) {
    printf("usage: egdb %s [FLAGS]%s%s\n\n%s\n", command->name, *command->words ? " " : "", command->words,
           command->about);
    if (command->n_flags) {
        printf("\nflags:\n");
    }
    for (size_t i = 0; i < command->n_flags; i++) {
        flag_line(command->flags[i].name, command->flags[i].value, command->flags[i].help, NULL);
    }
    printf("\nexamples:\n%s", command->examples);
    if (command->sections) {
        options(command);
    }
}
