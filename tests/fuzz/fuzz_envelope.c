/* Bytes as the body of an event: scanner, parser, envelope, secrets, hash, schema, rows. Nothing may crash; what is accepted must keep the
 * promises of envelope.c; an accepted text that is printed anew must hash the same; and a dead letter must hold no secret. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jscan_bytes.h"
#include "db/db.h"
#include "db/migrate.h"
#include "findings/secrets.h"
#include "server/event/room.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eg_event event;
static const struct eg_identity who = {.sub = "", .scopes = EG_SCOPE_EVENTS_WRITE};

static void must(bool good, const struct eg_err *err) {
    if (good)
        return;
    fprintf(stderr, "fuzz_envelope: %s (%s)\n", err->message, err->place);
    abort();
}

/* The real declarations over the real tables. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static char dsn[64] = "sqlite:/tmp/egdb-fuzz-XXXXXX";
    struct eg_err err = {0};
    struct eg_registry *registry;
    (void)argc;
    (void)argv;
    int fd = mkstemp(dsn + strlen("sqlite:"));
    must(fd >= 0, &err);
    close(fd);
    must(eg_migrate_up(dsn, "migrations", EG_MIGRATE_NEWEST, NULL, NULL, &err) == EG_OK, &err);
    struct eg_db_config config = {.dsn = dsn, .read_connections = 1, .connect_timeout_ms = 5000, .write_timeout_ms = 5000,
                                  .read_timeout_ms = 5000, .sqlite_cache_mib = 2, .sqlite_checkpoint_pages = 1000,
                                  .sqlite_busy_ms = 1000};
    must(eg_db_open(uv_default_loop(), &config, &event.db, &err) == EG_OK, &err);
    must(eg_registry_load("spec", eg_db_catalogue(event.db), &registry, &err) == EG_OK, &err);
    event.registry = registry;
    must(eg_secrets_new(eg_registry_policy(registry, "secrets"), EG_SECRETS_STEPS_LOOP, &event.secrets, &err) == EG_OK, &err);
    unlink(dsn + strlen("sqlite:"));
    return 0;
}

/* Nothing between what stands for secrets that were there. */
static void has_none(struct eg_str text) {
    while (text.n) {
        const char *next = memmem(text.p, text.n, EG_REDACTED, strlen(EG_REDACTED));
        size_t n = next ? (size_t)(next - text.p) : text.n;
        EG_ASSERT(!eg_secrets_find(event.secrets, text.p, n));
        n += next ? strlen(EG_REDACTED) : 0;
        text = (struct eg_str){text.p + n, text.n - n};
    }
}

static void tree_has_none(json_t *value) {
    const char *name;
    json_t *member;
    size_t i, len;
    if (json_is_string(value))
        has_none((struct eg_str){json_string_value(value), json_string_length(value)});
    json_object_keylen_foreach(value, name, len, member) {
        has_none((struct eg_str){name, len});
        tree_has_none(member);
    }
    json_array_foreach(value, i, member)
        tree_has_none(member);
}

static void plain_has_none(struct eg_str text) {
    char *plain = malloc(text.n + 4);
    size_t n = 0;
    EG_ASSERT(plain);
    for (const char *at = text.p, *end = at + text.n; at < end;) {
        char bytes[4];
        size_t len = eg_jscan_unescape(&at, end, bytes);
        memcpy(plain + n, bytes, len);
        n += len;
    }
    has_none((struct eg_str){plain, n});
    free(plain);
}

static void strings_have_none(struct eg_str text) {
    const char *at = text.p, *end = at + text.n;
    while ((at = memchr(at, '"', (size_t)(end - at)))) {
        const char *behind = eg_jscan_string_end(at, end);
        EG_ASSERT(behind);
        plain_has_none((struct eg_str){at + 1, (size_t)(behind - at) - 2});
        at = behind;
    }
}

/* Of what is JSON each text counts as it would be stored; all else as it stands. */
static void json_has_none(struct eg_str text, enum eg_code code) {
    size_t built_b;
    bool bounded = text.p && eg_json_bounded(text, &built_b);
    json_t *doc = bounded ? json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (doc) {
        tree_has_none(doc);
    } else if (code == EG_E_JSON_INVALID || !bounded) {
        has_none(text);
        plain_has_none(text);
    } else {
        strings_have_none(text);
    }
    json_decref(doc);
}

/* All that a dead letter keeps, and what is told of it. */
static void letter_has_none(const struct eg_item *item) {
    const struct eg_envelope *env = &item->env;
    const struct eg_str texts[] = {env->id, env->topic, env->source, env->correlation_id, env->causation_id, env->repo_sha,
                                   env->repo_branch, {item->failure->err.message, strlen(item->failure->err.message)},
                                   {item->failure->err.place, strlen(item->failure->err.place)}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        has_none(texts[i]);
    json_has_none(item->bytes, item->failure->err.code);
    json_has_none((struct eg_str){item->failure->errors_json, strlen(item->failure->errors_json)}, EG_E_NONE);
    if (item->notice)
        json_has_none(item->notice->env.payload_text, EG_E_NONE);
}

struct outcome {
    bool accepted;
    uint8_t hash[EG_HASH_B];
};

static struct outcome run(const char *text, size_t len, char **again) {
    struct eg_request req = {.who = &who};
    struct eg_submission sub = {.magic = EG_SUBMISSION_MAGIC, .event = &event, .req = &req, .n_items = 1};
    struct eg_item item = {.of = &sub, .bytes = {text, len}};
    struct outcome outcome = {0};
    sub.items = &item;
    sub.arena = eg_arena_new((size_t)64 << 20);
    bool good = eg_item_parse(&item) == EG_OK && eg_item_secrets(&item) == EG_OK && eg_item_authenticate(&item) == EG_OK &&
                eg_item_validate(&item) == EG_OK;
    EG_ASSERT(good == !item.failure);
    if (good && eg_canonical_hash(&item)) {
        struct eg_err err = {0};
        const struct eg_envelope *env = &item.env;
        EG_ASSERT(env->topic.n && env->source.n && env->repo_sha.n && env->payload && env->payload_text.n >= 2);
        outcome.accepted = true;
        memcpy(outcome.hash, item.content_hash, EG_HASH_B);
        item.env.id = (struct eg_str){"01ARZ3NDEKTSV4RRFFQ69G5FAV", 26};
        const struct eg_topic *topic = eg_registry_topic(event.registry, env->topic.p, env->topic.n);
        if (eg_project(topic, env, sub.arena, &item.rows, &item.n_rows, &err) != EG_OK)
            EG_ASSERT(err.code != EG_E_NONE);
        if (again)
            *again = json_dumps(item.doc, JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_INDENT(1));
    } else if (item.dead_letter) {
        bool kept = eg_dead_letter_prepare(&item) == EG_OK;
        EG_ASSERT(kept || item.bytes.n == 0 || eg_arena_failed(sub.arena));
        if (kept)
            letter_has_none(&item);
    }
    eg_item_drop_docs(&item);
    eg_arena_free(sub.arena);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *again = NULL;
    char *text = malloc(size + 1); /* of exactly its size for the sanitizer */
    if (!text)
        return 0;
    memcpy(text, data, size);
    struct outcome first = run(text, size, &again);
    if (again) {
        struct outcome second = run(again, strlen(again), NULL);
        EG_ASSERT(second.accepted && memcmp(first.hash, second.hash, EG_HASH_B) == 0);
        free(again);
    }
    free(text);
    return 0;
}
