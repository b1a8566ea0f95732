/* Brings a database to a version of the schema, by the files migrations/sql/NNNN_name.<dialect>.<up|down>.sql that the
 * Alembic environment runs too. Synchronous: for the command line, tests, and the start of a SQLite server. */
#ifndef EG_DB_MIGRATE_H
#define EG_DB_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define EG_MIGRATE_NEWEST (-1) /* target: the newest version this program knows */

struct eg_migrate_step {
    int number;              /* 1… */
    const char *name;        /* "0001_log" */
    bool up;                 /* false: it was taken back */
    bool applied;            /* status only: the database has it */
    const char *applied_utc; /* status only: "" when not applied */
    int elapsed_ms;          /* up and down: how long it took */
};

/* Called after each migration is committed (up, down), or once a migration in order (status). step lives during the
 * call. */
typedef void (*eg_migrate_report)(void *ctx, const struct eg_migrate_step *step);

/* The newest version this program knows (db/migrations.def). */
int eg_migrate_newest(void);

/* Whether a database at `version` (0: empty) can be served: err is schema_old and names the command when it is behind,
 * and config_invalid when it is ahead of this program. */
EG_MUST_CHECK eg_status eg_migrate_judge(int version, struct eg_err *err);

/* Finds the folder migrations/ (the one that holds sql/): the flag when not NULL, else the environment's
 * EGDB_MIGRATIONS, else, from the program's own folder, ../migrations, ../../migrations, ../share/egdb/migrations.
 * Writes its path into dir. err: config_invalid, saying where it looked. */
EG_MUST_CHECK eg_status eg_migrate_find(const char *flag, char *dir, size_t size_b, struct eg_err *err);

/* Each migration runs in a transaction of its own, with its row of egdb_schema_version and with Alembic's
 * alembic_version, so that either tool continues what the other began. A lock keeps a second migrator waiting. dsn as
 * in struct eg_db_config; a SQLite file (and its folder) is made by up. err: config_invalid (a DSN, folder or target
 * that is none; a database whose version this program does not know), store_unavailable (place: the migration's file),
 * schema_old never. What was committed before a failure stays. */
EG_MUST_CHECK eg_status eg_migrate_up(const char *dsn, const char *dir, int target, eg_migrate_report report, void *ctx,
                                      struct eg_err *err);
EG_MUST_CHECK eg_status eg_migrate_down(const char *dsn, const char *dir, int target, eg_migrate_report report,
                                        void *ctx, struct eg_err *err);
/* Changes nothing; *version is 0 for an empty or missing database. */
EG_MUST_CHECK eg_status eg_migrate_status(const char *dsn, eg_migrate_report report, void *ctx, int *version,
                                          struct eg_err *err);

#endif
