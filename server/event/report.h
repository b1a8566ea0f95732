/* A scanner's report on its way to events. It is read, bound and written by threads of libuv's pool, and between these by the
 * store: a report of many megabytes never keeps the loop. */
#ifndef EG_EVENT_REPORT_H
#define EG_EVENT_REPORT_H

#include "base/ulid.h"
#include "findings/findings.h"
#include "server/event/room.h"

#define EG_REPORT_MAGIC 0x45475250u
#define EG_REPORT_TOPIC "sast.findings.ready@v1"

struct eg_report_file { /* what the store knows of a file that findings are in */
    const char *path, *diff;
    char status; /* A M D R of the commit; 0: it did not touch the file */
    struct eg_findings_node *nodes;
    size_t n, room;
};

struct eg_report_known { /* a finding that is stored, and what a person said of it */
    struct eg_findings_twin twin;
    const char *suppression; /* NULL: nothing */
};

struct eg_report {
    uint32_t magic;
    struct eg_event *event;
    struct eg_request *req; /* NULL: gone */
    struct eg_arena *arena;
    uv_work_t work;
    void (*run)(struct eg_report *report); /* by another thread */
    bool busy, done;                       /* busy: a thread or the store works for it; done: that has ended, and the step goes on */
    struct eg_err err;
    /* as it was asked for */
    struct eg_findings_event about;
    const char *repo, *branch, *source;
    const char *key;           /* the request's Idempotency-Key; NULL without */
    uint8_t key_hash[EG_HASH_B]; /* of all that was asked for, the body too */
    char scan[EG_ULID_B]; /* its name */
    enum eg_report_format format;
    struct eg_buf body; /* a copy: the request may go */
    size_t copied;
    /* as it is made */
    struct eg_findings *set;
    struct eg_read read;
    struct eg_value params[3];
    struct eg_read_handle *handle;
    struct eg_report_file *files; /* sorted by path */
    size_t n_files;
    bool commit_known;
    size_t n_nodes;
    struct eg_report_known *known;
    size_t n_known, known_room;
    struct eg_str *payloads;
    size_t n_payloads, payloads_room, payloads_b;
    struct eg_findings_sum sum;
    /* as it was stored under its key before: what the store knows now counts for nothing any more */
    size_t again; /* events; 0: it is new */
    int64_t again_position;
    size_t again_queues[4];
};

/* A report's events, as a submission like any other. */
struct eg_report_submission {
    struct eg_submission sub; /* first: the steps of events see this */
    struct eg_findings_sum sum;
    uint8_t key_hash[EG_HASH_B];
};

/* report_job.c: what threads do, each with the set alone. */
void eg_report_digest(struct eg_report *report);  /* → key_hash */
void eg_report_convert(struct eg_report *report); /* → the set and its files */
void eg_report_bind(struct eg_report *report);    /* → fingerprints, and aliases of theirs */
void eg_report_write(struct eg_report *report);   /* → payloads */
void eg_report_free(struct eg_report *report);
void eg_report_no_memory(struct eg_report *report, const struct eg_arena *arena); /* err: what refused that arena's last allocation */
bool eg_report_start(struct eg_report *report, void (*run)(struct eg_report *report)); /* false: err is set */

/* report_read.c: what the store is asked; false: there is nothing to ask. */
bool eg_report_ask_key(struct eg_report *report); /* → again; err: key_conflict */
bool eg_report_ask_nodes(struct eg_report *report);
bool eg_report_ask_changes(struct eg_report *report);
bool eg_report_ask_known(struct eg_report *report);
void eg_report_ended(struct eg_report *report); /* what it waited for has ended: wakes the request, or goes with it */

#endif
