/* SQLSTATE → enum eg_fault and error code. */
#include "db/db_pg_fault.h"

#include <string.h>

static const char *state_of(const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "";
}

static bool is(const char *state, const char *prefix) { return strncmp(state, prefix, strlen(prefix)) == 0; }

static bool any_of(const char *state, const char *const *prefixes) {
    for (; *prefixes; prefixes++) {
        if (is(state, *prefixes)) {
            return true;
        }
    }
    return false;
}

bool eg_pg_stale(const PGresult *result) {
    const char *state = state_of(result);
    if (is(state, "0A000")) {
        const char *routine = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION); /* the message may be translated */
        return routine && strcmp(routine, "RevalidateCachedQuery") == 0;
    }
    return is(state, "26000") || is(state, "42P05");
}

bool eg_pg_demoted(const PGresult *result) { return is(state_of(result), "25006"); }

bool eg_pg_no_partition(const PGresult *result) {
    return is(state_of(result), "23514") && !PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}

/* All that is asked for was there when the server started. */
static bool schema_changed(const char *state) { return is(state, "42P01") || is(state, "42703"); }

static enum eg_fault fault_of(const PGresult *result) {
    static const char *const refused[] = {"21", "22", "23", "54", NULL};
    static const char *const retry[] = {"40001", "40P01", "55P03", "25P03", "57014", "53200", NULL};
    static const char *const lost[] = {"", "08", "57P", "40003", "25006", "58", NULL};
    const char *state = state_of(result);
    if (is(state, "53100")) {
        return EG_FAULT_FULL;
    }
    if (any_of(state, retry) || eg_pg_stale(result) || eg_pg_no_partition(result)) {
        return EG_FAULT_RETRY;
    }
    if (any_of(state, refused)) {
        return EG_FAULT_REFUSED;
    }
    return !*state || any_of(state, lost + 1) ? EG_FAULT_LOST : EG_FAULT_BROKEN;
}

static enum eg_code code_of(enum eg_fault fault, const char *state) {
    switch (fault) {
    case EG_FAULT_REFUSED:
        return EG_E_STORE_REFUSED;
    case EG_FAULT_FULL:
        return EG_E_STORE_FULL;
    case EG_FAULT_RETRY:
        return is(state, "57014") ? EG_E_TIMEOUT : EG_E_STORE_UNAVAILABLE;
    case EG_FAULT_LOST:
        return EG_E_STORE_UNAVAILABLE;
    default:
        return schema_changed(state) ? EG_E_SCHEMA_OLD : EG_E_INTERNAL;
    }
}

static const char *remedy(const PGresult *result, const char *state) {
    if (eg_pg_no_partition(result)) {
        return "; egdb_partitions_ahead() makes the partitions, and the server's log says why it could not";
    }
    return schema_changed(state) ? "; the schema is not the one that the server started with: run `egdb migrate up`" : "";
}

enum eg_fault eg_pg_fault(const PGresult *result, struct eg_err *err) {
    const char *state = state_of(result);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    enum eg_fault fault = fault_of(result);
    (void)eg_err_set(err, code_of(fault, state), PQresultErrorField(result, PG_DIAG_TABLE_NAME),
                     "PostgreSQL: %s%s%s%s%s%s%s%s%s", message ? message : PQresultErrorMessage(result),
                     detail ? ": " : "", detail ? detail : "", constraint ? " (constraint " : "",
                     constraint ? constraint : "", constraint ? ")" : "", *state ? " SQLSTATE " : "", state, remedy(result, state));
    return fault;
}
