/* Reports of scanners become normalized findings, and these the payloads of sast.findings.ready@v1. The order: read (any number of
 * reports), bind (optional), finish, suppress (optional), payloads. What a report quotes of the code is used for fingerprints and never
 * given out. No globals: any number of sets in any number of threads. */
#ifndef EG_FINDINGS_FINDINGS_H
#define EG_FINDINGS_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct eg_findings;        /* a set */
struct eg_findings_policy; /* spec/policies, compiled; immutable */

enum eg_severity { EG_SEVERITY_LOW, EG_SEVERITY_MEDIUM, EG_SEVERITY_HIGH, EG_SEVERITY_CRITICAL };
enum eg_bind { EG_BIND_UNKNOWN, EG_BIND_UNCHANGED, EG_BIND_MODIFIED, EG_BIND_ADDED };

/* What a fingerprint is made of, where another way to read the report may have to make it of something else. */
enum eg_mark { EG_MARK_OWN, EG_MARK_LINE, EG_MARK_MESSAGE };

enum eg_report_format {
    EG_REPORT_UNKNOWN,
#define X(name, text, reader) EG_REPORT_##name,
#include "findings/formats.def"
#undef X
};

struct eg_trace { /* a place that the scanner names beside the finding's */
    const char *file, *message; /* message: NULL without */
    int line;
};

/* Texts live in the set. What a binder may set is marked so; its texts must live as long as the set (eg_findings_keep). */
struct eg_finding {
    const char *tool, *rule, *cwe, *category, *message; /* cwe, category, message: NULL without */
    const char *file;                                   /* relative to the git root; "." when the report names none */
    int line, end_line, col;                            /* from 1; 0: not known */
    enum eg_severity severity;
    double confidence;
    bool secret;   /* its value is in no text here */
    bool redacted; /* something was taken out of its texts */
    const char *silenced_state, *silenced_reason; /* by the scanner: "local", "policy"; NULL: not */
    struct eg_trace *traces;
    size_t n_traces;
    const char *stable, *snippet, *symbol; /* what it is recognized by; never given out */
    /* set by a binder, before finish */
    const char *line_text; /* the line in the commit, where the report has no snippet; NULL: not known */
    const char *ast_ref, *cell;
    bool is_public, is_called;
    enum eg_bind bind;
    /* made by finish */
    char fingerprint[65];
    double risk;
    const char *queue;
    /* made by eg_finding_suppress */
    const char *suppression; /* JSON */
    char base[65]; /* the fingerprint without its ordinal */
    enum eg_mark mark;
    char twin[65]; /* what both ways have in common; empty of an own mark */
    size_t alike;  /* findings of the set that have it, this one among them */
    bool mixed;    /* and some of these are marked otherwise */
    int n_fused;
};

/* A definition that findings may lie in. */
struct eg_findings_node {
    const char *uid, *cell; /* cell: NULL: not known */
    int line, end_line;     /* 0, 0: the file itself */
    bool is_public, is_called;
};

struct eg_findings_config {
    const struct eg_findings_policy *policy;
    const char *repo; /* as the events name it; "" for none. Part of the fingerprints. */
    const char *root; /* a folder that absolute paths may begin with; NULL: none */
    struct eg_arena *beside; /* in whose budget the set counts, as one with it; NULL: none */
};

/* err: config_invalid, place the policy. */
EG_MUST_CHECK eg_status eg_findings_policy_new(const json_t *sast, const json_t *secrets, struct eg_findings_policy **policy,
                                               struct eg_err *err);
void eg_findings_policy_free(struct eg_findings_policy *policy);

struct eg_findings *eg_findings_new(const struct eg_findings_config *config); /* NULL when memory is out */
void eg_findings_free(struct eg_findings *set);

enum eg_report_format eg_report_format_of(const char *name); /* EG_REPORT_UNKNOWN for a name that is none */
/* Reads one report. err: json_invalid, duplicate_key, nul_character, number_out_of_range, report_invalid, body_too_large,
 * and overloaded when others hold the budget, here and from finish; its text quotes nothing of the report. */
EG_MUST_CHECK eg_status eg_findings_read(struct eg_findings *set, enum eg_report_format format, const char *bytes, size_t len,
                                         struct eg_err *err);

/* After the last read: all findings, sorted by file and line. */
struct eg_finding *eg_findings_list(struct eg_findings *set, size_t *n);
const char *eg_findings_keep(struct eg_findings *set, const char *text); /* a copy; "" when memory is out, which finish reports */
/* Binds the findings of a file to the innermost of its nodes. */
void eg_findings_bind(struct eg_findings *set, const char *file, const struct eg_findings_node *nodes, size_t n);

/* What a unified diff of the file did to these lines (line 0: to the file as a whole). */
enum eg_bind eg_findings_bind_of_diff(const char *diff, int line, int end_line);

/* Fingerprints, duplicates fused, risk, queue; the list is then shorter and sorted by falling risk. */
EG_MUST_CHECK eg_status eg_findings_finish(struct eg_findings *set, struct eg_err *err);
#define EG_ALIAS_B 64
void eg_alias_make(const struct eg_finding *finding, enum eg_mark mark, char out[EG_ALIAS_B]);

struct eg_findings_twin { /* a finding that is stored; its texts are the caller's */
    const char *fingerprint, *alias, *file; /* alias: "" without */
    int line;
};
/* After finish, before suppress: findings that are not stored, but are, by the other way, under another fingerprint, take that one over.
 * Fingerprints stay distinct. twins: those that are stored under a fingerprint of the set, or under an alias of either mark that one of it
 * may have; in any order, and any number of times. err: overloaded, body_too_large. */
EG_MUST_CHECK eg_status eg_findings_adopt(struct eg_findings *set, const struct eg_findings_twin *twins, size_t n, struct eg_err *err);
/* What a person said of it before. An expired word is given on too, and counts for nothing. now_us: since 1970. */
void eg_finding_suppress(struct eg_findings *set, struct eg_finding *finding, const char *suppression_json, int64_t now_us);

struct eg_findings_event {
    const char *sha;
    bool complete;    /* the reports cover the whole repository; a run that failed never does */
    const char *tool; /* this one's only; NULL: all */
    const char *scan; /* the same in all events of this scan and in no others, at most 64 bytes; a complete one needs it. NULL: none */
    int64_t after;    /* where in the log the tool's scan before this one is; 0: left out */
};
/* The payloads, in the order in which they must be stored: tool after tool, at most 100 findings each; of a complete scan the last says
 * so. */
typedef eg_status (*eg_findings_take)(void *ctx, const struct eg_buf *payload, struct eg_err *err);
EG_MUST_CHECK eg_status eg_findings_payloads(struct eg_findings *set, const struct eg_findings_event *event, eg_findings_take take,
                                             void *ctx, struct eg_err *err);

/* The tools of the reports, in their order; NULL behind the last. */
const char *eg_findings_tool_name(const struct eg_findings *set, size_t i);

struct eg_findings_sum {
    size_t read, findings, secrets; /* read: before duplicates were fused */
    size_t queues[4];               /* block, review, fixable, triage */
    size_t tools, failed_runs;
};
void eg_findings_sum(const struct eg_findings *set, struct eg_findings_sum *sum);
extern const char *const eg_queue_names[4];

#endif
