/* From what was read to what is told: what a finding is recognized by, which are the same, how risky each is, and where it lies in
 * the code.
 *
 * A fingerprint is over repository, tool, rule, and the first of these that there is: the scanner's own fingerprint; the text
 * found, without white space; the text of the line; the message, without numbers, with the symbol. Neither path nor line is in it,
 * so that it stays when the code moves. What is then alike within a scan is numbered in the order of file and line. */
#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/room.h"

const char *const eg_queue_names[4] = {"block", "review", "fixable", "triage"};

static void hex(const unsigned char hash[SHA256_DIGEST_LENGTH], char out[65]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[64] = '\0';
}

static void part(struct eg_buf *out, const char *text) {
    eg_buf_str(out, text ? text : "");
    eg_buf_char(out, '\0');
}

/* Without white space, with one kind of quotes. */
static void code_part(struct eg_buf *out, const char *text) {
    for (; *text; text++) {
        if (!isspace((unsigned char)*text)) {
            eg_buf_char(out, *text == '\'' ? '"' : *text);
        }
    }
    eg_buf_char(out, '\0');
}

/* Runs of digits are lines, sizes, times: they change without the finding being another. */
static void message_part(struct eg_buf *out, const char *text) {
    for (; text && *text; text++) {
        if (!isdigit((unsigned char)*text)) {
            eg_buf_char(out, *text);
        } else if (!isdigit((unsigned char)text[1])) {
            eg_buf_char(out, '#');
        }
    }
    eg_buf_char(out, '\0');
}

static bool has_code(const char *text) {
    return text && text[strspn(text, " \t\r\n")] != '\0';
}

/* Of what any way to read the report has: no line of the code, and no definition around it. */
static eg_status make_twin(const struct eg_findings *set, struct eg_finding *finding, struct eg_buf *work, struct eg_err *err) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    work->len = 0;
    part(work, "egdb-twin");
    part(work, set->config.repo);
    part(work, finding->tool);
    part(work, finding->rule);
    message_part(work, finding->message);
    part(work, finding->symbol);
    if (work->failed) {
        return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL, "a finding takes more than 64 MiB");
    }
    SHA256((const unsigned char *)work->data, work->len, hash);
    hex(hash, finding->twin);
    return EG_OK;
}

static eg_status make_base(const struct eg_findings *set, struct eg_finding *finding, struct eg_buf *work, struct eg_err *err) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    const char *symbol = finding->symbol ? finding->symbol : finding->ast_ref ? strchr(finding->ast_ref, '#') : NULL;
    work->len = 0;
    part(work, "egdb-finding");
    part(work, set->config.repo);
    part(work, finding->tool);
    part(work, finding->rule);
    if (finding->stable) {
        finding->mark = EG_MARK_OWN;
        part(work, "stable");
        part(work, finding->stable);
    } else if (has_code(finding->snippet) || has_code(finding->line_text)) {
        finding->mark = has_code(finding->snippet) ? EG_MARK_OWN : EG_MARK_LINE;
        part(work, "code");
        code_part(work, has_code(finding->snippet) ? finding->snippet : finding->line_text);
        part(work, finding->symbol);
    } else {
        finding->mark = EG_MARK_MESSAGE;
        part(work, "message");
        message_part(work, finding->message);
        part(work, symbol);
    }
    if (work->failed) {
        return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL, "a finding takes more than 64 MiB");
    }
    SHA256((const unsigned char *)work->data, work->len, hash);
    hex(hash, finding->base);
    return finding->mark == EG_MARK_OWN ? EG_OK : make_twin(set, finding, work, err);
}

static int by_place(const void *a, const void *b) {
    const struct eg_finding *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    order = order ? order : (x->line > y->line) - (x->line < y->line);
    order = order ? order : (x->col > y->col) - (x->col < y->col);
    order = order ? order : strcmp(x->tool, y->tool);
    return order ? order : strcmp(x->rule, y->rule);
}

static int by_base(const void *a, const void *b) {
    const struct eg_finding *x = a, *y = b;
    int order = strcmp(x->base, y->base);
    return order ? order : by_place(a, b);
}

static int by_risk(const void *a, const void *b) {
    const struct eg_finding *x = a, *y = b;
    int order = (x->risk < y->risk) - (x->risk > y->risk);
    order = order ? order : by_place(a, b);
    return order ? order : strcmp(x->fingerprint, y->fingerprint);
}

struct eg_finding *eg_findings_list(struct eg_findings *set, size_t *n) {
    if (!set->sorted && set->n) {
        qsort(set->list, set->n, sizeof *set->list, by_place);
    }
    set->sorted = true;
    *n = set->n;
    return set->list;
}

static const struct eg_findings_node *innermost(const struct eg_findings_node *nodes, size_t n, int line) {
    const struct eg_findings_node *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct eg_findings_node *node = &nodes[i];
        bool file = node->line == 0 && node->end_line == 0;
        if (!file && (line < node->line || line > node->end_line)) {
            continue;
        }
        bool best_file = best && best->line == 0 && best->end_line == 0;
        if (!best || best_file || (!file && node->end_line - node->line <= best->end_line - best->line)) {
            best = !best || !file ? node : best;
        }
    }
    return best;
}

void eg_findings_bind(struct eg_findings *set, const char *file, const struct eg_findings_node *nodes, size_t n) {
    size_t n_all, low = 0;
    struct eg_finding *all = eg_findings_list(set, &n_all);
    for (size_t high = n_all; low < high;) { /* the first of the file */
        size_t middle = low + (high - low) / 2;
        if (strcmp(all[middle].file, file) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < n_all && strcmp(all[low].file, file) == 0; low++) {
        const struct eg_findings_node *node = innermost(nodes, n, all[low].line);
        if (node) {
            all[low].ast_ref = node->uid;
            all[low].cell = node->cell;
            all[low].is_public = node->is_public;
            all[low].is_called = node->is_called;
        }
    }
}

static bool same_trace(const struct eg_trace *a, const struct eg_trace *b) { return a->line == b->line && strcmp(a->file, b->file) == 0; }

/* The same weakness once more: severity the highest, confidence the mean, traces united. */
static void fuse(struct eg_finding *into, const struct eg_finding *other) {
    into->severity = other->severity > into->severity ? other->severity : into->severity;
    into->confidence = (into->confidence * into->n_fused + other->confidence) / (into->n_fused + 1);
    into->n_fused++;
    into->redacted = into->redacted || other->redacted;
    if (!other->silenced_state) { /* one that speaks suffices */
        into->silenced_state = into->silenced_reason = NULL;
    }
    into->ast_ref = into->ast_ref ? into->ast_ref : other->ast_ref;
    into->cell = into->cell ? into->cell : other->cell;
    into->bind = other->bind > into->bind ? other->bind : into->bind;
    if (!into->traces) {
        into->traces = other->traces;
        into->n_traces = other->n_traces;
        return;
    }
    for (size_t i = 0; i < other->n_traces && into->n_traces < EG_TRACES_MOST; i++) {
        size_t j = 0;
        while (j < into->n_traces && !same_trace(&into->traces[j], &other->traces[i])) {
            j++;
        }
        if (j == into->n_traces) {
            into->traces[into->n_traces++] = other->traces[i];
        }
    }
}

static void fuse_all(struct eg_findings *set) {
    size_t kept = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct eg_finding *last = kept ? &set->list[kept - 1] : NULL, *one = &set->list[i];
        if (last && strcmp(last->base, one->base) == 0 && strcmp(last->file, one->file) == 0 &&
            one->line - last->line <= set->config.policy->same_within) {
            fuse(last, one);
        } else {
            set->list[kept++] = *one;
        }
    }
    set->n = kept;
}

/* Those that are alike and not the same: the first has the plain fingerprint, the others a number as well. */
static void number_all(struct eg_findings *set) {
    unsigned ordinal = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct eg_finding *one = &set->list[i];
        unsigned char hash[SHA256_DIGEST_LENGTH];
        char text[90];
        ordinal = i && strcmp(set->list[i - 1].base, one->base) == 0 ? ordinal + 1 : 0;
        memcpy(one->fingerprint, one->base, sizeof one->fingerprint);
        if (ordinal) {
            int n = snprintf(text, sizeof text, "%s#%u", one->base, ordinal);
            SHA256((const unsigned char *)text, (size_t)n, hash);
            hex(hash, one->fingerprint);
        }
    }
}

static int by_twin(const void *a, const void *b) {
    const struct eg_finding *x = a, *y = b;
    return strcmp(x->twin, y->twin);
}

static void count_alike(struct eg_findings *set) {
    qsort(set->list, set->n, sizeof *set->list, by_twin);
    for (size_t i = 0, n; i < set->n; i += n) {
        bool mixed = false;
        for (n = 1; i + n < set->n && strcmp(set->list[i].twin, set->list[i + n].twin) == 0; n++) {
            mixed = mixed || set->list[i + n].mark != set->list[i].mark;
        }
        for (size_t k = 0; k < n; k++) {
            set->list[i + k].alike = n;
            set->list[i + k].mixed = mixed;
        }
    }
}

static double bias_of(const struct eg_findings_policy *policy, const char *category) {
    for (size_t i = 0; category && i < policy->n_categories; i++) {
        if (strcmp(policy->categories[i].name, category) == 0) {
            return policy->categories[i].bias;
        }
    }
    return 0;
}

static void weigh(const struct eg_findings_policy *p, struct eg_finding *one) {
    double reach = one->n_traces ? p->reach_traced : one->is_public ? p->reach_public : one->is_called ? p->reach_called : p->reach_unknown;
    double risk = p->by_severity * p->severity[one->severity] + p->by_confidence * one->confidence + p->by_reach * reach +
                  p->by_bind * p->bind[one->bind] + p->by_public * one->is_public + p->by_category * bias_of(p, one->category) +
                  p->by_secret * one->secret;
    int queue = 0;
    one->risk = (double)(long long)(risk * 10000 + 0.5) / 10000;
    while (queue < 3 && one->risk < p->least[queue]) {
        queue++;
    }
    one->queue = eg_queue_names[queue];
}

eg_status eg_findings_finish(struct eg_findings *set, struct eg_err *err) {
    struct eg_buf work;
    eg_status status = EG_OK;
    set->sorted = true; /* from here by risk */
    eg_buf_init(&work, (size_t)64 << 20);
    for (size_t i = 0; i < set->n && status == EG_OK; i++) {
        status = make_base(set, &set->list[i], &work, err);
    }
    eg_buf_free(&work);
    if (status) {
        return status;
    }
    if (set->full) {
        return eg_findings_too_much(set, err);
    }
    if (set->n) {
        qsort(set->list, set->n, sizeof *set->list, by_base);
        fuse_all(set);
        number_all(set);
        count_alike(set);
        for (size_t i = 0; i < set->n; i++) {
            weigh(set->config.policy, &set->list[i]);
        }
        qsort(set->list, set->n, sizeof *set->list, by_risk);
    }
    return EG_OK;
}
