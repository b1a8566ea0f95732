/* One follower's way: placed by the log's ends, it takes from the ring; when it stands before the ring it reads a page from the store, and
 * so on until it has come up. Nothing is taken while its client has a window's bytes to take yet. Positions have no gaps and nothing
 * appears behind one that was read: so `at` alone says what is to come, without gap or repeat. */
#include "base/clock.h"
#include "server/event/tail.h"

#define PAGES_AT_ONCE 2 /* of all followers: the other connections are for others */
#define LEAST_ROWS 32
#define MOST_ROWS 500
#define LEAST_SPAN 2000
#define MOST_SPAN 1000000
#define QUICK_US 20000 /* a page that was read so fast may span more next time */
#define SLOW_US 200000

static bool full(const struct eg_follower *f) { return eg_request_unsent(f->req) >= f->tail->config.window_b; }

static void say(struct eg_follower *f) {
    f->said_us = eg_clock_mono_us();
    eg_request_push(f->req);
}

/* To where it asked, or to what is nearest and still there. */
static void place_at(struct eg_follower *f, int64_t wanted, int64_t newest) {
    const struct eg_tail *tail = f->tail;
    f->at = wanted;
    if (wanted > newest)
        f->at = newest;
    else if (wanted > 0 && tail->oldest > wanted + 1)
        f->at = tail->oldest - 1;
    f->resync = f->at != wanted;
}

void eg_follow_place(struct eg_follower *f) {
    int64_t newest = f->tail->read_after.i;
    place_at(f, f->has_from ? f->from : newest, newest);
    f->span = LEAST_SPAN;
    f->most_rows = LEAST_ROWS * 4;
    f->placed = true;
}

void eg_follow_resync(struct eg_follower *f, int64_t asked) {
    f->resync = false;
    f->tail->n_resyncs++;
    eg_buf_printf(&f->req->answer,
                  "event: resync\nid: %lld\n"
                  "data: {\"asked\":%lld,\"continues_behind\":%lld,\"oldest\":%lld,\"newest\":%lld}\n\n",
                  (long long)f->at, (long long)asked, (long long)f->at, (long long)f->tail->oldest, (long long)f->tail->newest);
}

/* What it has been given is no longer, or not yet again, in the log: it goes on from the end. Or the log is another one: it goes on where
 * it is, which is all that is known of it. */
static void keep_in_log(struct eg_follower *f) {
    const struct eg_tail *tail = f->tail;
    int64_t end = tail->newest > tail->end ? tail->newest : tail->end, asked = f->at;
    if (asked > end || f->other) {
        f->other = false;
        f->at = asked > end ? end : asked;
        eg_follow_resync(f, asked);
        say(f);
    }
}

void eg_follow_end(struct eg_follower *f, const char *why) {
    if (f->over)
        return;
    f->over = true;
    eg_list_remove(&f->link);
    if (f->handle && f->reading)
        eg_db_read_cancel(f->handle);
    eg_buf_printf(&f->req->answer, ": %s\n\n", why);
    eg_request_end(f->req);
}

void eg_follow_free(struct eg_follower *f) {
    f->magic = 0;
    eg_arena_free(f->arena);
}

/* From the store */

static bool take_row(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_follower *f = ctx;
    EG_ASSERT(n_columns == EG_EVENT_COLUMNS);
    f->stopped = !f->req || f->over || full(f);
    if (f->stopped)
        return false;
    struct eg_event_marks marks = eg_tail_marks(cells);
    if (eg_event_filter_match(&f->filter, &marks)) {
        eg_tail_frame(&f->req->answer, cells);
        f->tail->n_sent++;
    }
    f->n_rows++;
    f->at = cells[13].i;
    return true;
}

/* A page that ended by itself has seen all up to its end. Rows that do not fit are read in vain, too few cost a page more. */
static void page_ended(struct eg_follower *f) {
    bool whole = f->n_rows < f->most_rows && !f->stopped;
    if (whole)
        f->at = f->upto;
    else if (f->stopped)
        f->most_rows = f->n_rows + f->n_rows / 8 > LEAST_ROWS ? f->n_rows + f->n_rows / 8 : LEAST_ROWS;
    else
        f->most_rows = f->most_rows * 2 < MOST_ROWS ? f->most_rows * 2 : MOST_ROWS;
}

static void page_read(void *ctx, const struct eg_err *err) {
    struct eg_follower *f = ctx;
    struct eg_tail *tail = f->tail;
    int64_t took_us = eg_clock_mono_us() - f->page_us;
    f->reading = false;
    f->handle = NULL;
    tail->n_catching--;
    if (!f->req) {
        eg_follow_free(f);
    } else if (!f->over) {
        f->failed = err != NULL;
        if (err)
            f->span = LEAST_SPAN;
        else
            page_ended(f);
        if (!err && took_us < QUICK_US && f->span < MOST_SPAN)
            f->span *= 2;
        else if (took_us > SLOW_US && f->span > LEAST_SPAN)
            f->span /= 2;
        if (f->n_rows > 0)
            say(f);
        if (!err)
            eg_tail_work(f);
    }
    eg_follow_pages(tail);
    eg_tail_settle(tail);
}

static void read_page(struct eg_follower *f) {
    struct eg_tail *tail = f->tail;
    if (f->at > 0 && tail->oldest > f->at + 1) { /* it was archived while the client was slow */
        int64_t asked = f->at;
        f->at = tail->oldest - 1;
        eg_follow_resync(f, asked);
        say(f);
    }
    keep_in_log(f);
    f->upto = tail->newest - f->at > f->span ? f->at + f->span : tail->newest;
    f->filter.params[f->filter.n_params - 3] = eg_int(f->at);
    f->filter.params[f->filter.n_params - 2] = eg_int(f->upto);
    f->filter.params[f->filter.n_params - 1] = eg_int((int64_t)f->most_rows);
    f->n_rows = 0;
    f->stopped = false;
    f->page_us = eg_clock_mono_us();
    f->reading = true;
    tail->n_catching++;
    tail->n_pages++;
    f->read = (struct eg_read){.sql = EG_SQL_COUNT,
                               .text = f->filter.sql,
                               .n_params = f->filter.n_params,
                               .params = f->filter.params,
                               .param_types = f->filter.types,
                               .n_columns = EG_EVENT_COLUMNS,
                               .column_types = eg_event_column_types,
                               .by_key = true,
                               .row = take_row,
                               .done = page_read,
                               .ctx = f};
    f->handle = eg_db_read(tail->db, &f->read);
}

void eg_follow_pages(struct eg_tail *tail) {
    while (tail->n_catching < PAGES_AT_ONCE && !eg_list_empty(&tail->catching)) {
        struct eg_follower *f = EG_CONTAINER(tail->catching.next, struct eg_follower, link);
        eg_list_remove(&f->link);
        read_page(f);
    }
}

/* From the ring */

static const struct eg_tail_event *ring_at(const struct eg_tail *tail, size_t i) {
    return tail->ring[(tail->ring_first + i) % EG_TAIL_RING];
}

/* The first event behind a position. */
static size_t ring_find(const struct eg_tail *tail, int64_t position) {
    size_t low = 0, high = tail->ring_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ring_at(tail, middle)->position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void eg_follow(struct eg_follower *f) {
    struct eg_tail *tail = f->tail;
    if (f->over || f->reading || full(f))
        return; /* what is full is called when there is room */
    keep_in_log(f);
    if (f->at >= tail->newest)
        return;
    if (f->at < tail->ring_from) {
        eg_list_append(&tail->catching, &f->link);
        eg_follow_pages(tail);
        return;
    }
    bool any = false;
    size_t i = ring_find(tail, f->at);
    for (; i < tail->ring_n && !full(f); i++) {
        const struct eg_tail_event *event = ring_at(tail, i);
        if (eg_event_filter_match(&f->filter, &event->marks)) {
            eg_buf_add(&f->req->answer, event->frame, event->len);
            tail->n_sent++;
            any = true;
        }
        f->at = event->position;
    }
    if (i == tail->ring_n)
        f->at = tail->newest;
    if (any)
        say(f);
}

void eg_follow_tick(struct eg_follower *f, int64_t now_us, int64_t mono_us) {
    if (!f->streams || f->over)
        return;
    if (f->expires_us && now_us >= f->expires_us) {
        eg_follow_end(f, "the token has expired");
        return;
    }
    if (f->failed) {
        f->failed = false;
        eg_tail_work(f);
    }
    if (mono_us - f->said_us < f->tail->config.heartbeat_ms * INT64_C(1000) || eg_request_unsent(f->req) > 0)
        return;
    /* The position moves on too, for whoever hears little and comes again. */
    eg_buf_printf(&f->req->answer, ": alive\nid: %lld\n\n", (long long)f->at);
    say(f);
}
