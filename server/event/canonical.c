/* The content hash: SHA-256 over what the sender put into the envelope, in a canonical form in which two
 * texts of one JSON value are the same: object keys in byte order, strings unescaped, numbers by value (1, 1.0 and 1e0 are one).
 * Every value is tagged and every string carries its length, so no two values share a form. */
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define KEPT_B ((size_t)1 << 20)

struct eg_hasher { /* kept for many events: fetching the digest, and growing the buffer, would cost more than hashing one */
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    struct eg_buf buf;
};

static void open_hasher(struct eg_hasher *hasher) {
    hasher->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->ctx = EVP_MD_CTX_new();
    EG_ASSERT(hasher->md && hasher->ctx);
    eg_buf_init(&hasher->buf, EG_CANONICAL_MOST_B);
}

static struct eg_hasher *or_loops(struct eg_hasher *hasher) {
    static struct eg_hasher loops;
    if (!hasher && !loops.md)
        open_hasher(&loops);
    return hasher ? hasher : &loops;
}

struct eg_hasher *eg_hasher_new(void) {
    struct eg_hasher *hasher = calloc(1, sizeof *hasher);
    EG_ASSERT(hasher);
    open_hasher(hasher);
    return hasher;
}

void eg_hasher_free(struct eg_hasher *hasher) {
    EVP_MD_CTX_free(hasher->ctx);
    EVP_MD_free(hasher->md);
    eg_buf_free(&hasher->buf);
    free(hasher);
}

void eg_sha256(struct eg_hasher *hasher, const void *bytes, size_t len, uint8_t out[EG_HASH_B]) {
    struct eg_hasher *h = or_loops(hasher);
    EG_ASSERT(EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 && EVP_DigestUpdate(h->ctx, bytes, len) == 1 &&
              EVP_DigestFinal_ex(h->ctx, out, NULL) == 1);
}

static void put_tagged(struct eg_buf *buf, char tag, const void *bytes, size_t len) {
    uint64_t n = len;
    eg_buf_char(buf, tag);
    eg_buf_add(buf, &n, sizeof n);
    eg_buf_add(buf, bytes, len);
}

static void put_int(struct eg_buf *buf, int64_t i) {
    eg_buf_char(buf, 'i');
    eg_buf_add(buf, &i, sizeof i);
}

static void put_real(struct eg_buf *buf, double d) {
    if (d >= -9223372036854775808.0 && d < 9223372036854775808.0 && d == floor(d)) {
        put_int(buf, (int64_t)d);
        return;
    }
    eg_buf_char(buf, 'd');
    eg_buf_add(buf, &d, sizeof d);
}

struct member {
    const char *key;
    size_t len;
    const json_t *value;
};

static int by_key(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    size_t least = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->key, y->key, least);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void put_value(struct eg_buf *buf, const json_t *value);

static void put_object(struct eg_buf *buf, const json_t *object) {
    struct member few[32], *members = few;
    size_t n = json_object_size(object), i = 0;
    if (n > sizeof few / sizeof few[0] && !(members = malloc(n * sizeof *members))) {
        buf->failed = true;
        return;
    }
    /* jansson's iterator takes no const object, and changes nothing. */
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(walked); at; at = json_object_iter_next(walked, at))
        members[i++] = (struct member){json_object_iter_key(at), json_object_iter_key_len(at), json_object_iter_value(at)};
    qsort(members, n, sizeof *members, by_key);
    uint64_t count = n;
    eg_buf_char(buf, '{');
    eg_buf_add(buf, &count, sizeof count);
    for (i = 0; i < n; i++) {
        put_tagged(buf, 'k', members[i].key, members[i].len);
        put_value(buf, members[i].value);
    }
    if (members != few)
        free(members);
}

static void put_value(struct eg_buf *buf, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT: put_object(buf, value); break;
    case JSON_ARRAY: {
        uint64_t n = json_array_size(value);
        eg_buf_char(buf, '[');
        eg_buf_add(buf, &n, sizeof n);
        for (size_t i = 0; i < n; i++)
            put_value(buf, json_array_get(value, i));
        break;
    }
    case JSON_STRING: put_tagged(buf, 's', json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: put_int(buf, json_integer_value(value)); break;
    case JSON_REAL: put_real(buf, json_real_value(value)); break;
    case JSON_TRUE: eg_buf_char(buf, 't'); break;
    case JSON_FALSE: eg_buf_char(buf, 'f'); break;
    case JSON_NULL: eg_buf_char(buf, 'n'); break;
    }
}

static void put_text(struct eg_buf *buf, char tag, struct eg_str text) {
    if (text.p)
        put_tagged(buf, tag, text.p, text.n);
}

static void put_doc(struct eg_buf *buf, char tag, const json_t *doc) {
    if (!doc || json_is_null(doc))
        return;
    eg_buf_char(buf, tag);
    put_value(buf, doc);
}

/* ts_utc comes last, so that the key's hash is one of a prefix. */
bool eg_canonical_hash(struct eg_item *item) {
    struct eg_hasher *hasher = or_loops(item->of->hasher);
    struct eg_buf *buf = &hasher->buf;
    const struct eg_envelope *env = &item->env;
    if (buf->cap > KEPT_B) { /* what one large event took is given back */
        eg_buf_free(buf);
        eg_buf_init(buf, EG_CANONICAL_MOST_B);
    }
    buf->len = 0;
    buf->failed = false;
    put_text(buf, 'T', env->topic);
    put_text(buf, 'S', env->source);
    put_text(buf, 'C', env->correlation_id);
    put_text(buf, 'A', env->causation_id);
    put_text(buf, 'H', env->repo_sha);
    put_text(buf, 'B', env->repo_branch);
    put_text(buf, 'R', item->sent_trust);
    put_doc(buf, 'E', item->env_doc);
    put_doc(buf, 'P', env->payload);
    put_doc(buf, 'F', item->artifacts_doc);
    if (buf->failed)
        return false;
    if (env->idempotency_key.p)
        eg_sha256(hasher, buf->data, buf->len, item->key_hash);
    if (item->has_ts) {
        eg_buf_char(buf, 'Z');
        eg_buf_add(buf, &env->ts_us, sizeof env->ts_us);
    }
    if (buf->failed)
        return false;
    eg_sha256(hasher, buf->data, buf->len, item->content_hash);
    return true;
}
