/* The answer, once every item is decided. Nothing is said to be stored before its transaction has been committed. */
#include <string.h>

#include "server/event/room.h"

#define ANSWER_JSON "application/json"

/* Once or twice an event: printf would be a twentieth of its cost to the server. */
static void put_number(struct eg_buf *buf, const char *before, int64_t number, const char *after) {
    eg_buf_str(buf, before);
    eg_buf_int(buf, number);
    eg_buf_str(buf, after);
}

static void put_error(struct eg_buf *buf, const struct eg_failure *failure) {
    const struct eg_err *err = &failure->err;
    eg_buf_str(buf, "{\"code\":\"");
    eg_buf_str(buf, eg_code_name(err->code));
    put_number(buf, "\",\"status\":", eg_code_status(err->code), ",\"detail\":");
    eg_buf_json_string(buf, err->message, strlen(err->message));
    eg_buf_str(buf, ",\"pointer\":");
    eg_buf_json_string(buf, err->place, strlen(err->place));
    if (failure->errors_json) {
        eg_buf_str(buf, ",\"errors\":");
        eg_buf_str(buf, failure->errors_json);
    }
    eg_buf_char(buf, '}');
}

static void put_id(struct eg_buf *buf, struct eg_str id) {
    if (id.p)
        eg_buf_json_string(buf, id.p, id.n);
    else
        eg_buf_str(buf, "null");
}

static void put_item(struct eg_buf *buf, const struct eg_item *item) {
    put_number(buf, "{\"index\":", (int64_t)item->index, ",\"id\":");
    put_id(buf, item->receipt_id.p ? item->receipt_id : item->env.id);
    if (item->result == EG_RESULT_REJECTED) {
        eg_buf_str(buf, ",\"status\":\"rejected\",\"error\":");
        put_error(buf, item->failure);
        eg_buf_char(buf, '}');
        return;
    }
    put_number(buf, item->result == EG_RESULT_STORED ? ",\"status\":\"stored\",\"position\":" : ",\"status\":\"duplicate\",\"position\":",
               item->position, "}");
}

/* A pointer into the event is told in errors[] whatever the refusal. */
static const char *errors_of_one(const struct eg_item *item) {
    const struct eg_failure *failure = item->failure;
    if (failure->errors_json || failure->err.place[0] != '/')
        return failure->errors_json;
    return eg_failure_errors(item->of->arena, failure);
}

static enum eg_step_result answer_one(struct eg_request *req, const struct eg_item *item) {
    if (item->result == EG_RESULT_REJECTED) {
        req->err = item->failure->err;
        return eg_request_problem(req, errors_of_one(item));
    }
    bool stored = item->result == EG_RESULT_STORED;
    eg_buf_str(&req->answer, "{\"id\":");
    put_id(&req->answer, item->receipt_id);
    put_number(&req->answer, stored ? ",\"status\":\"stored\",\"position\":" : ",\"status\":\"duplicate\",\"position\":", item->position,
               "}\n");
    return eg_request_answer(req, stored ? 201 : 200, ANSWER_JSON);
}

enum eg_receipt { EG_RECEIPT_WHOLE, EG_RECEIPT_FAILED, EG_RECEIPT_BARE }; /* which items it names: all, the refused, none */

struct tally {
    size_t stored, duplicates, rejected;
    size_t unavailable; /* refused for the server's reasons: 5xx */
    size_t not_json, not_an_event;
    int64_t safe_position;
    const struct eg_item *first_unavailable, *first_rejected;
};

static struct tally tally_of(const struct eg_submission *sub) {
    struct tally t = {0};
    for (size_t i = 0; i < sub->n_items; i++) {
        const struct eg_item *item = &sub->items[i];
        t.stored += item->result == EG_RESULT_STORED;
        t.duplicates += item->result == EG_RESULT_DUPLICATE;
        if (item->position > t.safe_position)
            t.safe_position = item->position;
        if (item->result != EG_RESULT_REJECTED)
            continue;
        t.rejected++;
        enum eg_code code = item->failure->err.code;
        if (!t.first_rejected)
            t.first_rejected = item;
        if (eg_code_status(code) >= 500 && t.unavailable++ == 0)
            t.first_unavailable = item;
        t.not_json += code == EG_E_JSON_INVALID || code == EG_E_DUPLICATE_KEY;
        t.not_an_event += !item->has_envelope;
    }
    return t;
}

/* [{"index", "code", …}] of the items that were refused */
static const char *errors_of(struct eg_request *req, const struct eg_submission *sub) {
    struct eg_buf buf;
    eg_buf_init(&buf, req->answer.max / 2); /* the rest of the problem has room; beyond: without */
    eg_buf_char(&buf, '[');
    size_t n = 0;
    for (size_t i = 0; i < sub->n_items; i++) {
        const struct eg_item *item = &sub->items[i];
        if (item->result != EG_RESULT_REJECTED)
            continue;
        eg_buf_printf(&buf, "%s{\"index\":%zu,\"error\":", n++ ? "," : "", item->index);
        put_error(&buf, item->failure);
        eg_buf_char(&buf, '}');
    }
    eg_buf_char(&buf, ']');
    const char *text = buf.failed ? NULL : eg_arena_dup(sub->arena, buf.data, buf.len);
    eg_buf_free(&buf);
    return text;
}

static enum eg_step_result answer_problem(struct eg_request *req, const struct eg_submission *sub, const struct eg_err *err) {
    req->err = *err;
    return eg_request_problem(req, errors_of(req, sub));
}

static enum eg_step_result answer_atomic(struct eg_request *req, const struct eg_submission *sub, const struct tally *t) {
    struct eg_err err = {0};
    if (t->unavailable)
        return answer_problem(req, sub, &t->first_unavailable->failure->err);
    eg_err_set(&err, EG_E_ATOMIC_REJECTED, NULL, "%zu of %zu events were refused, so none was stored: item %zu: %.300s",
               t->rejected, sub->n_items, t->first_rejected->index, t->first_rejected->failure->err.message);
    return answer_problem(req, sub, &err);
}

static void put_receipt(struct eg_buf *out, const struct eg_submission *sub, const struct tally *t, enum eg_receipt receipt,
                        bool whole) {
    eg_buf_free(out);
    eg_buf_printf(out, "{\"stored\":%zu,\"duplicates\":%zu,\"rejected\":%zu,\"safe_position\":%lld,\"items\":[", t->stored,
                  t->duplicates, t->rejected, (long long)t->safe_position);
    size_t n = 0;
    for (size_t i = 0; i < sub->n_items && receipt != EG_RECEIPT_BARE && !out->failed; i++) {
        if (receipt == EG_RECEIPT_FAILED && sub->items[i].result != EG_RESULT_REJECTED)
            continue;
        if (n++)
            eg_buf_char(out, ',');
        put_item(out, &sub->items[i]);
    }
    eg_buf_str(out, whole ? "]}\n" : "],\"items_left_out\":true}\n");
}

/* What was stored is said to be, however little room there is: without the items that were stored, at last without any. */
static void put_receipts(struct eg_buf *out, const struct eg_submission *sub, const struct tally *t) {
    enum eg_receipt receipt = sub->failed_only ? EG_RECEIPT_FAILED : EG_RECEIPT_WHOLE;
    put_receipt(out, sub, t, receipt, true);
    while (out->failed && receipt != EG_RECEIPT_BARE)
        put_receipt(out, sub, t, ++receipt, false);
}

static enum eg_step_result answer_several(struct eg_request *req, const struct eg_submission *sub) {
    struct tally t = tally_of(sub);
    if (sub->atomic && t.rejected)
        return answer_atomic(req, sub, &t);
    if (t.unavailable && t.unavailable == sub->n_items)
        return answer_problem(req, sub, &t.first_unavailable->failure->err);
    if (t.not_json && t.not_an_event == sub->n_items) { /* no element was an event: the body as a whole is not JSON */
        struct eg_err err = t.first_rejected->failure->err;
        for (size_t i = 0; i < sub->n_items; i++) {
            if (eg_code_status(sub->items[i].failure->err.code) == 400 && sub->items[i].failure->err.code != EG_E_ENVELOPE_INVALID) {
                err = sub->items[i].failure->err;
                break;
            }
        }
        return answer_problem(req, sub, &err);
    }
    put_receipts(&req->answer, sub, &t);
    return eg_request_answer(req, t.rejected ? 207 : 200, ANSWER_JSON);
}

enum eg_step_result eg_event_acknowledge(struct eg_request *req) {
    const struct eg_submission *sub = req->state;
    if (sub->form == EG_FORM_ONE)
        return answer_one(req, &sub->items[0]);
    return answer_several(req, sub);
}
