/* What all streams share: one read of what is new, the ring that keeps it, and the turns in which followers are served. News are a hint,
 * polling is the truth. Nothing is read while nobody follows, and no more until all who can have taken what was read. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/event/tail.h"

#define TURN_US 250
#define RING_MOST_B ((size_t)16 << 20)
#define NEWS_MOST_B ((size_t)4 << 20) /* a read ends early rather than holding the loop */
#define ENDS_AGAIN_US 5000000
#define DOUBTS_US 1000000 /* a late hint is no rare thing */
#define TICK_MOST_MS 1000

void eg_tail_frame(struct eg_buf *out, const struct eg_value *cells) {
    eg_buf_printf(out, "id: %lld\ndata: ", (long long)cells[13].i);
    size_t from = out->len;
    eg_event_write(out, cells);
    for (char *p = out->data + from; !out->failed && p < out->data + out->len; p++)
        if (*p == '\n' || *p == '\r') /* between the values of a payload: it is one line here */
            *p = ' ';
    eg_buf_str(out, "\n\n");
}

static struct eg_str text_of(const struct eg_value *cell) { return cell->null ? (struct eg_str){NULL, 0} : cell->s; }

struct eg_event_marks eg_tail_marks(const struct eg_value *cells) {
    return (struct eg_event_marks){.topic = text_of(&cells[1]), .sha = text_of(&cells[6]), .branch = text_of(&cells[7]),
                                   .correlation_id = text_of(&cells[4]), .ts_us = cells[2].i};
}

/* The ring */

static void ring_drop(struct eg_tail *tail) {
    struct eg_tail_event *event = tail->ring[tail->ring_first];
    tail->ring_from = event->position;
    tail->ring_b -= event->len;
    tail->ring_first = (tail->ring_first + 1) % EG_TAIL_RING;
    tail->ring_n--;
    free(event);
}

static void forget(struct eg_tail *tail) {
    while (tail->ring_n > 0)
        ring_drop(tail);
    tail->known = tail->doubtful = false;
    tail->mark = 0;
    uv_timer_stop(&tail->poll);
    uv_timer_stop(&tail->tick);
    eg_buf_free(&tail->scratch);
}

static struct eg_str put(char **to, struct eg_str text) {
    struct eg_str copy = {text.p ? *to : NULL, text.n};
    if (text.n)
        memcpy(*to, text.p, text.n);
    *to += text.n;
    return copy;
}

static void set_mark(struct eg_tail *tail, int64_t position, struct eg_str id) {
    tail->mark = id.n < EG_TAIL_ID_B ? position : 0;
    tail->mark_n = id.n < EG_TAIL_ID_B ? id.n : 0;
    memcpy(tail->mark_id, id.p, tail->mark_n);
}

static bool ring_add(struct eg_tail *tail, const struct eg_value *cells) {
    struct eg_event_marks marks = eg_tail_marks(cells);
    struct eg_buf *frame = &tail->scratch;
    frame->len = 0;
    eg_tail_frame(frame, cells);
    size_t len = frame->len + marks.topic.n + marks.sha.n + marks.branch.n + marks.correlation_id.n;
    struct eg_tail_event *event = frame->failed ? NULL : malloc(sizeof *event + len);
    if (!event)
        return false;
    char *to = (char *)(event + 1);
    *event = (struct eg_tail_event){.position = cells[13].i, .len = frame->len, .marks = {.ts_us = marks.ts_us}};
    event->frame = put(&to, (struct eg_str){frame->data, frame->len}).p;
    event->marks.topic = put(&to, marks.topic);
    event->marks.sha = put(&to, marks.sha);
    event->marks.branch = put(&to, marks.branch);
    event->marks.correlation_id = put(&to, marks.correlation_id);
    while (tail->ring_n == EG_TAIL_RING || (tail->ring_n && tail->ring_b + event->len > RING_MOST_B))
        ring_drop(tail);
    tail->ring[(tail->ring_first + tail->ring_n++) % EG_TAIL_RING] = event;
    tail->ring_b += event->len;
    tail->newest = event->position;
    set_mark(tail, event->position, cells[0].s);
    return true;
}

/* Reading */

static void read_next(struct eg_tail *tail);

static void on_poll(uv_timer_t *timer) {
    struct eg_tail *tail = timer->data;
    tail->due = true;
    read_next(tail);
}

/* A quarter more or less, so that servers do not ask in step. */
static void poll_later(struct eg_tail *tail) {
    uint64_t ms = (uint64_t)tail->config.poll_ms;
    uint64_t jitter = (uint64_t)eg_clock_mono_us() * 2654435761u % (ms / 2 + 1);
    uv_timer_start(&tail->poll, on_poll, ms - ms / 4 + jitter, 0);
}

static void begin_anew(struct eg_tail *tail, int64_t end) {
    while (tail->ring_n > 0)
        ring_drop(tail);
    tail->newest = tail->ring_from = end;
    tail->mark = 0;
    tail->doubtful = true; /* the next look gives a mark */
}

/* The log ends before what was read from it: an older database was restored. What was kept is of another log, and who stands behind
 * the end is told, in its turn. */
static void set_back(struct eg_tail *tail, int64_t end) {
    eg_warn(&tail->log, "the log ends at position %lld, and was read up to %lld: an older database was restored", (long long)end,
            (long long)tail->newest);
    begin_anew(tail, end);
}

/* An older database was restored, and has grown past what was read: at the last position that was read stands another event. Where the two
 * logs part is not known, so all are told, and go on from where they are. */
static void other_log(struct eg_tail *tail, int64_t end) {
    eg_warn(&tail->log, "at position %lld stands another event than the one that was read: an older database was restored",
            (long long)tail->mark);
    begin_anew(tail, end);
    for (struct eg_link *at = tail->followers.next; at != &tail->followers; at = at->next) {
        struct eg_follower *f = EG_CONTAINER(at, struct eg_follower, all);
        f->other = f->placed && f->at > 0;
        eg_tail_work(f);
    }
}

static bool is_mark(const struct eg_tail *tail, struct eg_str id) {
    return id.n == tail->mark_n && memcmp(id.p, tail->mark_id, id.n) == 0;
}

static bool take_ends(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_tail *tail = ctx;
    int64_t end = cells[0].i;
    (void)n_columns;
    tail->n_read++;
    tail->oldest = cells[1].null ? end + 1 : cells[1].i;
    if (!tail->known) {
        tail->known = true;
        tail->newest = tail->ring_from = end;
    } else if (end < tail->newest) {
        set_back(tail, end);
    } else if (tail->mark && !cells[2].null && !is_mark(tail, cells[2].s)) {
        other_log(tail, end);
    } else if (end > tail->newest) {
        tail->due = true;
    }
    if (tail->read_params[0].null && !cells[2].null && tail->newest == end)
        set_mark(tail, end, cells[2].s);
    tail->end = end;
    for (struct eg_link *at = tail->followers.next; at != &tail->followers; at = at->next) {
        struct eg_follower *f = EG_CONTAINER(at, struct eg_follower, all);
        if (f->at > end)
            eg_tail_work(f);
    }
    tail->read_after = cells[0]; /* for those who begin at the end */
    return true;
}

static void ends_read(void *ctx, const struct eg_err *err) {
    static const struct eg_err lost = {.code = EG_E_INTERNAL, .message = "table event_position has lost its row"};
    struct eg_tail *tail = ctx;
    tail->reading = EG_TAIL_RESTS;
    if (!err && tail->n_read != 1)
        err = &lost;
    tail->ends_at_us = eg_clock_mono_us();
    while (!eg_list_empty(&tail->asked)) {
        struct eg_follower *f = EG_CONTAINER(tail->asked.next, struct eg_follower, link);
        eg_list_remove(&f->link);
        if (err)
            f->req->err = *err;
        else
            eg_follow_place(f);
        eg_request_wake(f->req);
    }
    read_next(tail);
    eg_tail_settle(tail);
}

static void read_ends(struct eg_tail *tail) {
    static const enum eg_type param_types[] = {EG_INT8}, types[] = {EG_INT8, EG_INT8, EG_TEXT};
    tail->reading = EG_TAIL_READS_ENDS;
    tail->read_params[0] = tail->mark ? eg_int(tail->mark) : eg_null();
    tail->doubtful = false;
    while (!eg_list_empty(&tail->starting)) {
        struct eg_link *link = tail->starting.next;
        eg_list_remove(link);
        eg_list_append(&tail->asked, link);
    }
    tail->n_read = 0;
    tail->read = (struct eg_read){.sql = EG_SQL_COUNT,
                                  .text = "SELECT p.position, (SELECT e.position FROM events e ORDER BY e.position LIMIT 1),"
                                          " (SELECT e.id FROM events e WHERE e.position = coalesce($1, p.position))"
                                          " FROM event_position p WHERE p.id = 1",
                                  .n_params = 1,
                                  .params = tail->read_params,
                                  .param_types = param_types,
                                  .n_columns = 3,
                                  .column_types = types,
                                  .by_key = true,
                                  .row = take_ends,
                                  .done = ends_read,
                                  .ctx = tail};
    (void)eg_db_read(tail->db, &tail->read);
}

static bool take_news(void *ctx, const struct eg_value *cells, size_t n_columns) {
    struct eg_tail *tail = ctx;
    EG_ASSERT(n_columns == EG_EVENT_COLUMNS);
    if (tail->n_followers == 0 || !ring_add(tail, cells))
        return false;
    tail->n_read++;
    tail->read_b += tail->scratch.len;
    return tail->read_b < NEWS_MOST_B;
}

static void news_read(void *ctx, const struct eg_err *err) {
    struct eg_tail *tail = ctx;
    tail->reading = EG_TAIL_RESTS;
    if (err)
        eg_debug(&tail->log, "streams wait for the store: %s", err->message);
    if (tail->n_read > 0) {
        tail->due = true;
        for (struct eg_link *at = tail->followers.next; at != &tail->followers; at = at->next)
            eg_tail_work(EG_CONTAINER(at, struct eg_follower, all));
    }
    read_next(tail);
    eg_tail_settle(tail);
}

/* Of another log nothing is read: the log's ends will tell. */
static void read_news(struct eg_tail *tail) {
    static const enum eg_type types[] = {EG_INT8, EG_TEXT};
    tail->reading = EG_TAIL_READS_NEWS;
    tail->due = false;
    tail->n_read = tail->read_b = 0;
    tail->read_params[0] = eg_int(tail->newest);
    memcpy(tail->read_id, tail->mark_id, tail->mark_n);
    tail->read_params[1] = tail->mark == tail->newest && tail->mark ? eg_text(tail->read_id, tail->mark_n) : eg_null();
    tail->read = (struct eg_read){.sql = EG_SQL_COUNT,
                                  .text = "SELECT " EG_EVENT_COLUMN_LIST
                                          " FROM events WHERE position > $1 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.position = $1"
                                          " AND e.id <> $2) ORDER BY position LIMIT 500",
                                  .n_params = 2,
                                  .params = tail->read_params,
                                  .param_types = types,
                                  .n_columns = EG_EVENT_COLUMNS,
                                  .column_types = eg_event_column_types,
                                  .by_key = true,
                                  .row = take_news,
                                  .done = news_read,
                                  .ctx = tail};
    (void)eg_db_read(tail->db, &tail->read);
}

static void read_next(struct eg_tail *tail) {
    if (tail->reading != EG_TAIL_RESTS)
        return;
    if (tail->n_followers == 0) {
        forget(tail);
        return;
    }
    bool ends_old = tail->known && eg_clock_mono_us() - tail->ends_at_us > (tail->doubtful ? DOUBTS_US : ENDS_AGAIN_US);
    if (!eg_list_empty(&tail->starting) || ends_old)
        read_ends(tail);
    else if (tail->due && tail->known && eg_list_empty(&tail->work))
        read_news(tail);
    if (!uv_is_active((uv_handle_t *)&tail->poll))
        poll_later(tail);
}

static void on_news(void *ctx, int64_t position) {
    struct eg_tail *tail = ctx;
    if (tail->n_followers == 0 || (position && tail->known && position == tail->newest))
        return;
    if (position && tail->known && position < tail->newest)
        tail->doubtful = true;
    else
        tail->due = true;
    read_next(tail);
}

/* Turns */

static void on_serve(uv_idle_t *idle) {
    struct eg_tail *tail = idle->data;
    int64_t until_us = eg_clock_mono_us() + TURN_US;
    do {
        if (eg_list_empty(&tail->work)) {
            uv_idle_stop(idle);
            read_next(tail);
            return;
        }
        struct eg_follower *f = EG_CONTAINER(tail->work.next, struct eg_follower, link);
        eg_list_remove(&f->link);
        eg_follow(f);
    } while (eg_clock_mono_us() < until_us);
}

void eg_tail_work(struct eg_follower *f) {
    struct eg_tail *tail = f->tail;
    if (!f->streams || f->over || f->reading || !eg_list_empty(&f->link))
        return;
    eg_list_append(&tail->work, &f->link);
    uv_idle_start(&tail->serve, on_serve);
}

static void on_tick(uv_timer_t *timer) {
    struct eg_tail *tail = timer->data;
    int64_t now_us = eg_clock_now_us(), mono_us = eg_clock_mono_us();
    for (struct eg_link *at = tail->followers.next; at != &tail->followers; at = at->next)
        eg_follow_tick(EG_CONTAINER(at, struct eg_follower, all), now_us, mono_us);
}

void eg_tail_join(struct eg_tail *tail, struct eg_follower *f) {
    uint64_t tick_ms = (uint64_t)tail->config.heartbeat_ms / 4;
    tick_ms = tick_ms > TICK_MOST_MS ? TICK_MOST_MS : tick_ms < 10 ? 10 : tick_ms;
    tail->n_opened++;
    tail->n_followers++;
    eg_list_append(&tail->followers, &f->all);
    eg_list_append(&tail->starting, &f->link);
    if (!uv_is_active((uv_handle_t *)&tail->tick))
        uv_timer_start(&tail->tick, on_tick, tick_ms, tick_ms);
    read_next(tail);
}

void eg_tail_leave(struct eg_tail *tail, struct eg_follower *f) {
    eg_list_remove(&f->all);
    eg_list_remove(&f->link);
    tail->n_followers--;
    tail->n_streaming -= f->streams;
    read_next(tail);
}

struct eg_tail *eg_tail_open(uv_loop_t *loop, struct eg_db *db, const struct eg_tail_config *config) {
    struct eg_tail *tail = calloc(1, sizeof *tail);
    EG_ASSERT(tail);
    tail->db = db;
    tail->config = *config;
    tail->log.object = "streams";
    eg_list_init(&tail->followers);
    eg_list_init(&tail->starting);
    eg_list_init(&tail->asked);
    eg_list_init(&tail->work);
    eg_list_init(&tail->catching);
    eg_buf_init(&tail->scratch, (size_t)64 << 20);
    uv_idle_init(loop, &tail->serve);
    uv_timer_init(loop, &tail->poll);
    uv_timer_init(loop, &tail->tick);
    tail->serve.data = tail->poll.data = tail->tick.data = tail;
    tail->n_handles = 3;
    eg_db_watch(db, on_news, tail);
    return tail;
}

void eg_tail_settle(struct eg_tail *tail) {
    if (tail->closing && tail->n_handles == 0 && tail->n_catching == 0 && tail->reading == EG_TAIL_RESTS)
        free(tail);
}

static void on_closed(uv_handle_t *handle) {
    struct eg_tail *tail = handle->data;
    tail->n_handles--;
    eg_tail_settle(tail);
}

void eg_tail_close(struct eg_tail *tail) {
    EG_ASSERT(tail->n_followers == 0);
    eg_db_watch(tail->db, NULL, NULL);
    forget(tail);
    tail->closing = true;
    uv_close((uv_handle_t *)&tail->serve, on_closed);
    uv_close((uv_handle_t *)&tail->poll, on_closed);
    uv_close((uv_handle_t *)&tail->tick, on_closed);
}
