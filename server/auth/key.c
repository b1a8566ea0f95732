/* Keys: read from a file or the configuration, judged when the server starts instead of at the first request. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/auth/auth_int.h"

#define MOST_KEY_B 65536
#define LEAST_SECRET_B 32
#define LEAST_RSA_BITS 2048

static const char *place(const struct eg_auth_config *config) {
    return config->key_file && *config->key_file ? config->key_file : "auth.secret";
}

void eg_key_free(struct eg_key *key) {
    if (key->bytes)
        OPENSSL_cleanse(key->bytes, key->len);
    free(key->bytes);
    *key = (struct eg_key){NULL, 0};
}

static eg_status read_file(const char *path, struct eg_key *key, struct eg_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eg_err_set(err, EG_E_CONFIG, path, "The key file cannot be opened: %s.", strerror(errno));
    key->bytes = malloc(MOST_KEY_B + 1);
    ssize_t got = 1;
    while (key->bytes && key->len < MOST_KEY_B && got > 0) {
        got = read(fd, key->bytes + key->len, MOST_KEY_B - key->len);
        key->len += got > 0 ? (size_t)got : 0;
    }
    int read_errno = errno;
    close(fd);
    if (!key->bytes)
        return eg_err_set(err, EG_E_CONFIG, path, "Memory is out.");
    if (got < 0)
        return eg_err_set(err, EG_E_CONFIG, path, "The key file cannot be read: %s.", strerror(read_errno));
    if (key->len == MOST_KEY_B)
        return eg_err_set(err, EG_E_CONFIG, path, "The key file is larger than 64 KiB: is it a key?");
    key->bytes[key->len] = '\0';
    return EG_OK;
}

static eg_status read_any(const struct eg_auth_config *config, struct eg_key *key, struct eg_err *err) {
    if (config->key_file && *config->key_file)
        return read_file(config->key_file, key, err);
    if (!config->secret || !*config->secret)
        return eg_err_set(err, EG_E_CONFIG, "auth", "%s needs a key: give auth.key_file or auth.secret.",
                          eg_auth_mode_name(config->mode));
    key->len = strlen(config->secret);
    key->bytes = malloc(key->len + 1);
    if (!key->bytes)
        return eg_err_set(err, EG_E_CONFIG, "auth", "Memory is out.");
    memcpy(key->bytes, config->secret, key->len + 1);
    return EG_OK;
}

static eg_status judge_secret(const struct eg_auth_config *config, struct eg_key *key, struct eg_err *err) {
    while (key->len > 0 && (key->bytes[key->len - 1] == '\n' || key->bytes[key->len - 1] == '\r'))
        key->bytes[--key->len] = '\0';
    if (key->len < LEAST_SECRET_B)
        return eg_err_set(
            err, EG_E_CONFIG, place(config),
            "An HS256 secret needs at least 32 bytes, and this one has %zu; `openssl rand -hex 32` makes one.",
            key->len);
    /* Whoever verifies with a PEM as the secret would accept tokens that anybody made with the public key. */
    if (key->len > 10 && memcmp(key->bytes, "-----BEGIN", 10) == 0)
        return eg_err_set(err, EG_E_CONFIG, place(config),
                          "An HS256 secret must not be a PEM key; RS256 and ES256 take those.");
    return EG_OK;
}

static EVP_PKEY *parse_pem(const struct eg_key *key, bool to_sign) {
    BIO *bio = BIO_new_mem_buf(key->bytes, (int)key->len);
    if (!bio)
        return NULL;
    EVP_PKEY *pkey = to_sign ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (!pkey && !to_sign && BIO_reset(bio) == 1) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        pkey = certificate ? X509_get_pubkey(certificate) : NULL;
        X509_free(certificate);
    }
    if (!pkey && BIO_reset(bio) == 1) {
        static char no_password[] = ""; /* instead of asking on the terminal */
        pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);
    }
    BIO_free(bio);
    return pkey;
}

static eg_status judge_pkey(const struct eg_auth_config *config, EVP_PKEY *pkey, struct eg_err *err) {
    char group[64] = "";
    if (config->mode == EG_AUTH_RS256) {
        if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)
            return eg_err_set(err, EG_E_CONFIG, place(config), "RS256 needs an RSA key, and this is another kind.");
        if (EVP_PKEY_get_bits(pkey) < LEAST_RSA_BITS)
            return eg_err_set(err, EG_E_CONFIG, place(config), "The RSA key has %d bits, and at least %d are needed.",
                              EVP_PKEY_get_bits(pkey), LEAST_RSA_BITS);
        return EG_OK;
    }
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC ||
        EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) != 1 ||
        (strcmp(group, "prime256v1") != 0 && strcmp(group, "P-256") != 0))
        return eg_err_set(err, EG_E_CONFIG, place(config), "ES256 needs an EC key of curve P-256.");
    return EG_OK;
}

/* libjwt gets a PUBLIC KEY block, so that it cannot take the wrong half of a file with several. */
static eg_status to_public(EVP_PKEY *pkey, struct eg_key *key, struct eg_err *err) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (!bio || PEM_write_bio_PUBKEY(bio, pkey) != 1) {
        BIO_free(bio);
        return eg_err_set(err, EG_E_CONFIG, "auth", "The public key cannot be written as PEM.");
    }
    long len = BIO_get_mem_data(bio, &text);
    eg_key_free(key);
    key->bytes = malloc((size_t)len + 1);
    if (key->bytes) {
        memcpy(key->bytes, text, (size_t)len);
        key->bytes[len] = '\0';
        key->len = (size_t)len;
    }
    BIO_free(bio);
    return key->bytes ? EG_OK : eg_err_set(err, EG_E_CONFIG, "auth", "Memory is out.");
}

static eg_status judge_pem(const struct eg_auth_config *config, bool to_sign, struct eg_key *key, struct eg_err *err) {
    EVP_PKEY *pkey = parse_pem(key, to_sign);
    if (!pkey)
        return eg_err_set(err, EG_E_CONFIG, place(config), "This is no %s key in PEM form without a password.",
                          to_sign ? "private" : "public");
    eg_status status = judge_pkey(config, pkey, err);
    if (status == EG_OK && !to_sign)
        status = to_public(pkey, key, err);
    EVP_PKEY_free(pkey);
    return status;
}

eg_status eg_key_load(const struct eg_auth_config *config, bool to_sign, struct eg_key *key, struct eg_err *err) {
    *key = (struct eg_key){NULL, 0};
    eg_status status = read_any(config, key, err);
    if (status == EG_OK)
        status = config->mode == EG_AUTH_HS256 ? judge_secret(config, key, err) : judge_pem(config, to_sign, key, err);
    if (status != EG_OK)
        eg_key_free(key);
    return status;
}
