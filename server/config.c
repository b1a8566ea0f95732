/* Makes the configuration: defaults, then the file, then the environment, then flags, each written over the one before;
 * and finds what comes with the program. */
#include "server/config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/text.h"

/* Names in the environment that are not options: the program's clients use the first, tests and scripts the second, and
 * Kubernetes makes the third for a service of this name. */
static const char *const others[] = {
    "EGDB_CONFIG",  "EGDB_SERVER",      "EGDB_TOKEN",   "EGDB_TOKEN_FILE", "EGDB_BRANCH",   "EGDB_BIN",   "EGDB_NOTES",
    "EGDB_IMAGE_*", "EGDB_DB_PASSWORD", "EGDB_CORPORA", "EGDB_SOAK",       "EGDB_DATABASE", "EGDB_URL",   "EGDB_TEST_*",
    "EGDB_BENCH_*", "EGDB_PORT",        "EGDB_PORT_*",  "EGDB_SERVICE_*",  "EGDB_HOOK",     "EGDB_HOOK_*",
    "EGDB_CI_*",    "EGDB_CHROMIUM",    "EGDB_HUD_*",   "EGDB_PG_BIN"};

static void *field(struct eg_config *config, int option) {
    static const size_t offsets[EG_OPT_COUNT] = {
#define X(section, name, kind, def, least, most, flag, help)                                                           \
    [EG_OPT_##section##_##name] = offsetof(struct eg_config, section##_##name),
#include "server/options.def"
#undef X
    };
    return (char *)config + offsets[option];
}

static bool parse_bool(const char *text, bool *value) {
    static const char *const yes[] = {"on", "true", "yes", "1"}, *const no[] = {"off", "false", "no", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *value = strcasecmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static eg_status set_int(struct eg_config *config, int option, const char *text, const char *place,
                         struct eg_err *err) {
    const struct eg_option_info *info = &eg_options[option];
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end) {
        return eg_err_set(err, EG_E_CONFIG, place, "%s.%s is a whole number, and \"%.60s\" is none", info->section,
                          info->name, text);
    }
    if (value < info->least || value > info->most) {
        return eg_err_set(err, EG_E_CONFIG, place, "%s.%s lies between %lld and %lld, and %lld does not", info->section,
                          info->name, (long long)info->least, (long long)info->most, value);
    }
    *(int64_t *)field(config, option) = value;
    return EG_OK;
}

static eg_status set_text(struct eg_config *config, int option, const char *text, struct eg_err *err) {
    char *copy = strdup(text);
    if (!copy) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    char **slot = field(config, option);
    free(*slot);
    *slot = copy;
    return EG_OK;
}

static eg_status set(struct eg_config *config, int option, const char *text, enum eg_config_from from,
                     const char *place, struct eg_err *err) {
    const struct eg_option_info *info = &eg_options[option];
    eg_status status = EG_OK;
    switch (info->kind) {
    case EG_OPTION_TEXT:
        status = set_text(config, option, text, err);
        break;
    case EG_OPTION_INT:
        status = set_int(config, option, text, place, err);
        break;
    case EG_OPTION_BOOL:
        if (!parse_bool(text, field(config, option))) {
            status = eg_err_set(err, EG_E_CONFIG, place, "%s.%s is on or off, and \"%.60s\" is neither", info->section,
                                info->name, text);
        }
        break;
    }
    config->from[option] = (uint8_t)from;
    return status;
}

/* The file */

struct reader {
    struct eg_config *config;
    struct eg_err *err;
    FILE *stream;
    int line;
    int too_long; /* the first line that does not fit; 0 without */
};

/* inih cuts long lines without a word, and takes an indented line for a value's continuation: neither happens here. */
static char *next_line(char *out, int size_b, void *stream) {
    struct reader *reader = stream;
    if (!fgets(out, size_b, reader->stream)) {
        return NULL;
    }
    reader->line++;
    size_t n = strlen(out), blank = strspn(out, " \t");
    if (n > 0 && out[n - 1] != '\n' && !feof(reader->stream) && reader->too_long == 0) {
        reader->too_long = reader->line;
    }
    memmove(out, out + blank, n - blank + 1);
    return out;
}

static eg_status unknown_in_file(const char *section, const char *name, const char *place, struct eg_err *err) {
    char texts[EG_OPT_COUNT][64];
    const char *words[EG_OPT_COUNT];
    char word[128];
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%s.%s", eg_options[i].section, eg_options[i].name);
        words[i] = texts[i];
    }
    snprintf(word, sizeof(word), "%.60s.%.60s", section, name);
    const char *near = eg_text_nearest(word, words, EG_OPT_COUNT);
    return eg_err_set(err, EG_E_CONFIG, place, "there is no option %s%s%s%s; config/egdb.ini explains all of them",
                      word, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int take_line(void *user, const char *section, const char *name, const char *value) {
    struct reader *reader = user;
    char place[256];
    snprintf(place, sizeof(place), "%.240s:%d", reader->config->file, reader->line);
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        if (strcmp(eg_options[i].section, section) == 0 && strcmp(eg_options[i].name, name) == 0) {
            return set(reader->config, i, value ? value : "", EG_FROM_FILE, place, reader->err) == EG_OK;
        }
    }
    return unknown_in_file(section, name, place, reader->err) == EG_OK;
}

static eg_status read_file(struct eg_config *config, struct eg_err *err) {
    struct reader reader = {config, err, fopen(config->file, "re"), 0, 0};
    if (!reader.stream) {
        return eg_err_set(err, EG_E_CONFIG, config->file, "the configuration file cannot be read: %s", strerror(errno));
    }
    int result = ini_parse_stream(next_line, &reader, take_line, &reader);
    fclose(reader.stream);
    char place[256];
    snprintf(place, sizeof(place), "%.240s:%d", config->file, reader.too_long ? reader.too_long : result);
    if (reader.too_long) {
        eg_err_clear(err);
        return eg_err_set(err, EG_E_CONFIG, place, "the line is too long; give the value by the environment or a flag");
    }
    if (result != 0) {
        return eg_err_set(err, EG_E_CONFIG, place, "the line is neither [section], name = value, nor a comment");
    }
    return EG_OK;
}

static const char *getenv_of(const char *const *env, const char *name) {
    size_t n = strlen(name);
    for (; env && *env; env++) {
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') {
            return *env + n + 1;
        }
    }
    return NULL;
}

static const char *choose_file(const char *file, const char *const *env) {
    static const char *const usual[] = {"config/egdb.ini", "/etc/egdb/egdb.ini"};
    if (!file) {
        file = getenv_of(env, "EGDB_CONFIG");
    }
    for (size_t i = 0; !file && i < 2; i++) {
        file = access(usual[i], F_OK) == 0 ? usual[i] : NULL;
    }
    return file && *file ? file : NULL;
}

/* The environment */

static bool is_other(const char *name, size_t len) {
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        size_t n = strlen(others[i]);
        bool open = others[i][n - 1] == '*';
        if (open ? len >= n - 1 && memcmp(name, others[i], n - 1) == 0 : len == n && memcmp(name, others[i], n) == 0) {
            return true;
        }
    }
    return false;
}

static eg_status unknown_in_env(const char *name, struct eg_err *err) {
    char texts[EG_OPT_COUNT][EG_CONFIG_ENV_B];
    const char *words[EG_OPT_COUNT];
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        eg_option_env((enum eg_option)i, texts[i]);
        words[i] = texts[i];
    }
    const char *near = eg_text_nearest(name, words, EG_OPT_COUNT);
    return eg_err_set(err, EG_E_CONFIG, name,
                      "the environment's %s is no option%s%s%s; unset it, or see config/egdb.ini", name,
                      near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static eg_status take_env(struct eg_config *config, const char *entry, struct eg_err *err) {
    const char *equals = strchr(entry, '=');
    size_t n = equals ? (size_t)(equals - entry) : 0;
    char name[EG_CONFIG_ENV_B];
    if (n == 0 || strncmp(entry, "EGDB_", 5) != 0 || is_other(entry, n)) {
        return EG_OK;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), entry);
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        char known[EG_CONFIG_ENV_B];
        eg_option_env((enum eg_option)i, known);
        if (strcmp(known, name) == 0) {
            return set(config, i, equals + 1, EG_FROM_ENVIRONMENT, name, err);
        }
    }
    return unknown_in_env(name, err);
}

/* All of it */

static eg_status take_flag(struct eg_config *config, const struct eg_config_flag *flag, struct eg_err *err) {
    char place[64];
    snprintf(place, sizeof(place), "--%.60s", flag->name);
    int option = eg_option_by_flag(flag->name, strlen(flag->name));
    if (option < 0) {
        return eg_err_set(err, EG_E_CONFIG, place, "there is no option %s", place);
    }
    return set(config, option, flag->value, EG_FROM_FLAG, place, err);
}

static eg_status check_words(const struct eg_config *config, struct eg_err *err) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const modes[] = {"none", "hs256", "rs256", "es256"};
    bool level = false, mode = false;
    for (size_t i = 0; i < 4; i++) {
        level = level || strcasecmp(config->log_level, levels[i]) == 0;
        mode = mode || strcasecmp(config->auth_mode, modes[i]) == 0;
    }
    if (!level) {
        return eg_err_set(err, EG_E_CONFIG, "log.level", "log.level is debug, info, warn or error, not \"%.60s\"",
                          config->log_level);
    }
    if (!mode) {
        return eg_err_set(err, EG_E_CONFIG, "auth.mode", "auth.mode is none, HS256, RS256 or ES256, not \"%.60s\"",
                          config->auth_mode);
    }
    if (strcasecmp(config->event_secrets, "off") != 0 && strcasecmp(config->event_secrets, "refuse") != 0) {
        return eg_err_set(err, EG_E_CONFIG, "event.secrets", "event.secrets is off or refuse, not \"%.60s\"", config->event_secrets);
    }
    char address[EG_ADDRESS_B];
    uint16_t port;
    return eg_config_listen(config, address, &port, err);
}

static eg_status fill(struct eg_config *config, const char *const *env, const struct eg_config_flag *flags,
                      size_t n_flags, struct eg_err *err) {
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        if (set(config, i, eg_options[i].def, EG_FROM_DEFAULT, "options.def", err)) {
            return EG_FAIL;
        }
    }
    if (config->file && read_file(config, err)) {
        return EG_FAIL;
    }
    for (; env && *env; env++) {
        if (take_env(config, *env, err)) {
            return EG_FAIL;
        }
    }
    for (size_t i = 0; i < n_flags; i++) {
        if (take_flag(config, &flags[i], err)) {
            return EG_FAIL;
        }
    }
    return check_words(config, err);
}

eg_status eg_config_load(const char *file, const char *const *env, const struct eg_config_flag *flags, size_t n_flags,
                         struct eg_config **config, struct eg_err *err) {
    struct eg_config *made = calloc(1, sizeof(*made));
    *config = NULL;
    if (!made) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    made->file = choose_file(file, env);
    if (fill(made, env, flags, n_flags, err)) {
        eg_config_free(made);
        return EG_FAIL;
    }
    *config = made;
    return EG_OK;
}

void eg_config_free(struct eg_config *config) {
    for (int i = 0; config && i < EG_OPT_COUNT; i++) {
        if (eg_options[i].kind == EG_OPTION_TEXT) {
            free(*(char **)field(config, i));
        }
    }
    free(config);
}

eg_status eg_config_listen(const struct eg_config *config, char address[EG_ADDRESS_B], uint16_t *port,
                           struct eg_err *err) {
    const char *text = config->server_listen;
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[';
    size_t skip = bracket ? 1 : 0;
    const char *end = bracket ? strchr(text, ']') : colon;
    unsigned char binary[16];
    char *rest = NULL;
    unsigned long number = colon && isdigit((unsigned char)colon[1]) ? strtoul(colon + 1, &rest, 10) : 65536;
    if (!colon || !end || (bracket && end + 1 != colon) || number > 65535 || *rest ||
        (size_t)(end - text) - skip >= EG_ADDRESS_B) {
        return eg_err_set(err, EG_E_CONFIG, "server.listen",
                          "\"%.60s\" is not ADDRESS:PORT, like 127.0.0.1:8421 or [::1]:8421", text);
    }
    snprintf(address, EG_ADDRESS_B, "%.*s", (int)((size_t)(end - text) - skip), text + skip);
    if (strcmp(address, "localhost") == 0) {
        snprintf(address, EG_ADDRESS_B, "127.0.0.1");
    }
    if (inet_pton(bracket ? AF_INET6 : AF_INET, address, binary) != 1) {
        return eg_err_set(err, EG_E_CONFIG, "server.listen",
                          "\"%.60s\" is no numeric address; write IPv6 as [::1]:8421", address);
    }
    *port = (uint16_t)number;
    return EG_OK;
}

eg_status eg_config_find(const char *given, const char *name, const char *option, char *path, size_t size_b,
                         struct eg_err *err) {
    if (*given) {
        snprintf(path, size_b, "%s", given);
        return access(path, R_OK) == 0
                   ? EG_OK
                   : eg_err_set(err, EG_E_CONFIG, option, "%s: %.200s: %s", option, given, strerror(errno));
    }
    if (eg_beside_find(name, path, size_b)) {
        return EG_OK;
    }
    return eg_err_set(err, EG_E_CONFIG, option,
                      "%s is not beside the program, in ../share/egdb, above it, or in the working directory; name it by %s",
                      name, option);
}
