/* Makes a connection to PostgreSQL, ready for use: connected, its session set, checked to be what its role needs.
 * Waits, with a deadline of its own (libpq's covers no more than the address and counts whole seconds): for a thread of
 * the pool, or for start-up. */
#ifndef EG_DB_DB_PG_DIAL_H
#define EG_DB_DB_PG_DIAL_H

#include <libpq-fe.h>

#include "base/err.h"

struct eg_pg_dial {
    const char *dsn;
    bool read_only;
    int timeout_ms;           /* for the whole of it */
    int statement_timeout_ms; /* of the session; likewise the others, 0: none */
    int lock_timeout_ms;
    int idle_tx_timeout_ms;
    int stop_fd; /* readable: give up at once */
};

/* The caller finishes *conn, which is non-blocking. err: store_unavailable with the server's own words. */
EG_MUST_CHECK eg_status eg_pg_dial(const struct eg_pg_dial *dial, PGconn **conn, struct eg_err *err);

/* Runs one command on a connection that eg_pg_dial gave and nothing else uses. *result may be NULL; the caller clears
 * it. */
EG_MUST_CHECK eg_status eg_pg_ask(PGconn *conn, const char *sql, int timeout_ms, PGresult **result, struct eg_err *err);

/* Also gives up when stop_fd is readable. */
EG_MUST_CHECK eg_status eg_pg_ask_until(PGconn *conn, const char *sql, int stop_fd, int timeout_ms, PGresult **result,
                                        struct eg_err *err);

/* Whether a connection crosses a network without sslmode proving who is at its other end. address: of PQhostaddr, "" for
 * a socket in the file system. */
bool eg_pg_exposed(const char *address, const char *sslmode);

/* libpq's message without its trailing newline, on one line. */
void eg_pg_say(PGconn *conn, struct eg_err *err, enum eg_code code);

#endif
