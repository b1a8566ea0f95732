/* Tokens as JSON. */
#include "indexer/delta_event.h"

#include <string.h>

static void member(struct eg_buf *out, const char *name, struct eg_str text) {
    if (text.n > 0) {
        eg_buf_printf(out, ",\"%s\":", name);
        eg_buf_json_string(out, text.p, text.n);
    }
}

/* Numbers stay numbers. */
static void value(struct eg_buf *out, const char *name, const struct eg_token *token, struct eg_str text) {
    if (text.n > 0 && (token->kind == EG_TOKEN_CC || token->kind == EG_TOKEN_TESTS)) {
        eg_buf_printf(out, ",\"%s\":%.*s", name, (int)text.n, text.p);
    } else {
        member(out, name, text);
    }
}

static void put_token(struct eg_buf *out, const struct eg_token *token, const char *kind_name) {
    eg_buf_printf(out, "{\"%s\":\"%s\",\"file\":", kind_name, eg_token_name(token->kind));
    eg_buf_json_string(out, token->file.p, token->file.n);
    eg_buf_str(out, ",\"weight\":");
    eg_buf_json_double(out, token->weight);
    if (token->line > 0) {
        eg_buf_printf(out, ",\"line\":%d", token->line);
    }
    member(out, "symbol", token->symbol);
    eg_buf_printf(out, ",\"category\":\"%s\"", eg_token_category(token->kind));
    member(out, "uid", token->uid);
    member(out, "previous_uid", token->origin);
    value(out, "before", token, token->before);
    value(out, "after", token, token->after);
    member(out, "module", token->module);
    eg_buf_printf(out, ",\"public_api\":%s", token->public_api ? "true" : "false");
    if (token->public_api && !token->was_public && token->before.n > 0) {
        eg_buf_str(out, ",\"was_public\":false");
    }
    if (token->public_api && !token->now_public && token->after.n > 0) {
        eg_buf_str(out, ",\"now_public\":false");
    }
}

static void head(struct eg_buf *out, const char *repo, const char *sha) {
    out->len = 0;
    eg_buf_str(out, "{\"repo\":");
    eg_buf_json_string(out, repo, strlen(repo));
    eg_buf_printf(out, ",\"sha\":\"%s\"", sha);
}

void eg_delta_payload(struct eg_buf *out, const struct eg_tokens *tokens, size_t first, const char *repo, const char *sha) {
    head(out, repo, sha);
    eg_buf_str(out, ",\"tokens\":[");
    for (size_t i = first; i < tokens->n && i < first + EG_TOKENS_AN_EVENT; i++) {
        eg_buf_str(out, i > first ? "," : "");
        put_token(out, &tokens->v[i], "token");
        eg_buf_char(out, '}');
    }
    eg_buf_str(out, "]}");
}

static void put_histogram(struct eg_buf *out, const struct eg_tokens *tokens, bool categories) {
    int counts[EG_TOKEN_KINDS] = {0};
    bool first = true;
    for (size_t i = 0; i < tokens->n; i++) {
        counts[tokens->v[i].kind]++;
    }
    for (int kind = 0; kind < EG_TOKEN_KINDS; kind++) {
        const char *name = categories ? eg_token_category((enum eg_token_kind)kind) : eg_token_name((enum eg_token_kind)kind);
        for (int other = kind + 1; categories && other < EG_TOKEN_KINDS; other++) {
            if (strcmp(name, eg_token_category((enum eg_token_kind)other)) == 0) {
                counts[kind] += counts[other];
                counts[other] = 0;
            }
        }
        if (counts[kind] > 0) {
            eg_buf_printf(out, "%s\"%s\":%d", first ? "" : ",", name, counts[kind]);
            first = false;
        }
    }
}

static void put_modules(struct eg_buf *out, const struct eg_energy *energy) {
    eg_buf_str(out, ",\"modules\":[");
    for (size_t i = 0; i < energy->n && i < 1000; i++) {
        const struct eg_module_energy *module = &energy->modules[i];
        eg_buf_str(out, i ? ",{\"module\":" : "{\"module\":");
        eg_buf_json_string(out, module->module.p, module->module.n);
        eg_buf_str(out, ",\"raw\":");
        eg_buf_json_double(out, module->raw);
        eg_buf_str(out, ",\"scale\":");
        eg_buf_json_double(out, module->scale);
        eg_buf_str(out, ",\"delta_z\":");
        eg_buf_json_double(out, module->delta_z);
        eg_buf_char(out, '}');
    }
    eg_buf_char(out, ']');
}

void eg_fingerprint_payload(struct eg_buf *out, const struct eg_tokens *tokens, const struct eg_energy *energy, bool degraded,
                            const char *repo, const char *sha) {
    char hash[80];
    eg_tokens_fingerprint(tokens, hash);
    head(out, repo, sha);
    eg_buf_str(out, ",\"histogram\":{");
    put_histogram(out, tokens, false);
    eg_buf_printf(out, "},\"hash\":\"%s\",\"score_deltaZ\":", hash);
    eg_buf_json_double(out, energy->delta_z);
    put_modules(out, energy);
    eg_buf_str(out, degraded ? ",\"degraded\":true}" : "}");
}

/* Structural: most of the energy is in names and places; semantic: in what the code does or promises. */
static bool is_structural(enum eg_token_kind kind) {
    return kind == EG_TOKEN_RENAME_FN || kind == EG_TOKEN_RENAME_CLASS || kind == EG_TOKEN_MOVE_SYMBOL || kind == EG_TOKEN_MOVE_FILE ||
           kind == EG_TOKEN_EXTRACT_FN || kind == EG_TOKEN_INLINE_FN || kind == EG_TOKEN_IMPORT;
}

void eg_delta_report(struct eg_buf *out, const struct eg_tokens *tokens, const struct eg_energy *energy, bool degraded, const char *range) {
    char hash[80];
    double structural = 0;
    eg_tokens_fingerprint(tokens, hash);
    out->len = 0;
    eg_buf_str(out, "{\"range\":");
    eg_buf_json_string(out, range, strlen(range));
    eg_buf_str(out, ",\"tokens\":[");
    for (size_t i = 0; i < tokens->n; i++) {
        const struct eg_token *token = &tokens->v[i];
        structural += is_structural(token->kind) ? token->weight : 0;
        eg_buf_str(out, i ? ",\n" : "\n");
        put_token(out, token, "kind");
        eg_buf_str(out, token->line > 0 ? "" : ",\"line\":1"); /* of the file as a whole */
        eg_buf_str(out, ",\"contribution\":");
        eg_buf_json_double(out, energy->raw > 0 ? token->weight / energy->raw : 0);
        eg_buf_char(out, '}');
    }
    eg_buf_printf(out, "],\n\"fingerprint\":\"%s\",\"delta_z\":", hash);
    eg_buf_json_double(out, energy->delta_z);
    eg_buf_str(out, ",\"by_category\":{");
    put_histogram(out, tokens, true);
    eg_buf_str(out, "}");
    put_modules(out, energy);
    eg_buf_printf(out, ",\"degraded\":%s,\"spike\":\"%s\"}\n", degraded ? "true" : "false",
                  structural * 2 > energy->raw ? "structural" : "semantic");
}
