/* The configuration: one struct, made once at the start, constant after. A flag wins over the environment (EGDB_*),
 * that over the file, that over the default of options.def. What is not known is refused, with the nearest known name.
 */
#ifndef EG_CONFIG_H
#define EG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum eg_option {
#define X(section, name, kind, def, least, most, flag, help) EG_OPT_##section##_##name,
#include "server/options.def"
#undef X
    EG_OPT_COUNT
};

enum eg_option_kind { EG_OPTION_TEXT, EG_OPTION_INT, EG_OPTION_BOOL };

struct eg_option_info { /* a line of options.def */
    const char *section;
    const char *name;
    enum eg_option_kind kind;
    const char *def;
    int64_t least, most; /* of an INT, both included */
    const char *flag;
    const char *help;
};
extern const struct eg_option_info eg_options[EG_OPT_COUNT];

enum eg_config_from { EG_FROM_DEFAULT, EG_FROM_FILE, EG_FROM_ENVIRONMENT, EG_FROM_FLAG };

#define EG_CONFIG_TEXT const char *
#define EG_CONFIG_INT int64_t
#define EG_CONFIG_BOOL bool
struct eg_config { /* store.dsn is store_dsn; texts are never NULL and are owned by the struct */
#define X(section, name, kind, def, least, most, flag, help) EG_CONFIG_##kind section##_##name;
#include "server/options.def"
#undef X
    const char *file;           /* the file that was read; NULL without */
    uint8_t from[EG_OPT_COUNT]; /* enum eg_config_from */
};

struct eg_config_flag { /* --name=value as given; a BOOL without a value has "on" */
    const char *name;
    const char *value;
};

#define EG_CONFIG_ENV_B 64
void eg_option_env(enum eg_option option, char out[EG_CONFIG_ENV_B]); /* "EGDB_STORE" */
int eg_option_by_flag(const char *flag, size_t len);                  /* −1 when unknown */

/* file: NULL for the environment's EGDB_CONFIG, else config/egdb.ini or /etc/egdb/egdb.ini when one exists. env: a list
 * as environ. err: config_invalid; place says where ("config/egdb.ini:12", "EGDB_STORE", "--store"). The caller frees
 * *config. */
EG_MUST_CHECK eg_status eg_config_load(const char *file, const char *const *env, const struct eg_config_flag *flags,
                                       size_t n_flags, struct eg_config **config, struct eg_err *err);
void eg_config_free(struct eg_config *config);

/* Splits "127.0.0.1:8421" or "[::1]:8421"; err: config_invalid. */
#define EG_ADDRESS_B 64
EG_MUST_CHECK eg_status eg_config_listen(const struct eg_config *config, char address[EG_ADDRESS_B], uint16_t *port,
                                         struct eg_err *err);

/* Finds a file or folder that comes with the program: `given` when not empty, else name in the program's own folder,
 * ../share/egdb, the two folders above it, and the working directory. err: config_invalid, naming the option and where
 * it looked. */
EG_MUST_CHECK eg_status eg_config_find(const char *given, const char *name, const char *option, char *path,
                                       size_t size_b, struct eg_err *err);

#endif
