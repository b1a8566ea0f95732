/* The table of options, and what is asked about names: a flag's option, an option's name in the environment. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "server/config.h"

const struct eg_option_info eg_options[EG_OPT_COUNT] = {
#define X(section, name, kind, def, least, most, flag, help)                                                           \
    [EG_OPT_##section##_##name] = {#section, #name, EG_OPTION_##kind, def, least, most, flag, help},
#include "server/options.def"
#undef X
};

void eg_option_env(enum eg_option option, char out[EG_CONFIG_ENV_B]) {
    snprintf(out, EG_CONFIG_ENV_B, "EGDB_%s", eg_options[option].flag);
    for (char *c = out; *c; c++) {
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    }
}

int eg_option_by_flag(const char *flag, size_t len) {
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        if (strlen(eg_options[i].flag) == len && memcmp(eg_options[i].flag, flag, len) == 0) {
            return i;
        }
    }
    return -1;
}
