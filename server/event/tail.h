/* Streams of events. One feed reads what is new, once for all, and keeps the newest in memory; a follower takes from there as fast as its
 * client does, and reads pages of its own from the store when it stands further back. tail.c is a stream's request, tail_follow.c one
 * follower's way through the log, tail_feed.c what is shared. All on the loop's thread. */
#ifndef EG_EVENT_TAIL_H
#define EG_EVENT_TAIL_H

#include "base/list.h"
#include "server/event/event.h"
#include "server/event/read.h"

#define EG_TAIL_RING 4096
#define EG_TAIL_ID_B 512 /* an event's id is shorter */

struct eg_tail_event { /* in one block of memory */
    int64_t position;
    struct eg_event_marks marks;
    size_t len;
    const char *frame; /* as it is sent */
};

enum eg_tail_reading { EG_TAIL_RESTS, EG_TAIL_READS_ENDS, EG_TAIL_READS_NEWS };

struct eg_tail {
    struct eg_db *db;
    struct eg_tail_config config;
    struct eg_log log;
    bool closing;
    int n_handles;
    struct eg_link followers; /* all of them */
    size_t n_followers;
    size_t n_streaming; /* of these, whose answer has begun: they have their place in the log */
    struct eg_link starting; /* they wait for the log's ends to be read */
    struct eg_link asked;    /* … and these for the read that runs */
    struct eg_link work;     /* they may have something to take */
    struct eg_link catching; /* they want a page of the store */
    int n_catching;          /* pages being read */
    uv_idle_t serve;         /* runs while there is work */
    uv_timer_t poll;         /* looks for what no news told of */
    uv_timer_t tick;         /* heartbeats, expiry, and pages that failed */

    enum eg_tail_reading reading;
    struct eg_read read;
    struct eg_value read_params[2];
    char read_id[EG_TAIL_ID_B]; /* of the second of them */
    struct eg_value read_after;
    size_t n_read, read_b;
    bool due;           /* there may be something new */
    bool doubtful;      /* the log may end before what was read: its ends are to be read again */
    int64_t ends_at_us; /* monotonic: when the ends were read last */
    bool known;         /* the figures below hold */
    int64_t oldest;     /* position of the first event that is kept; newest + 1 without any */
    int64_t newest;     /* everything up to here was seen by the feed */
    int64_t end;        /* of the log when its ends were read last: followers may have been placed there, beyond newest */
    int64_t mark;       /* position of the last event that is known by its id; 0: none. The log has it, or is another log */
    char mark_id[EG_TAIL_ID_B];
    size_t mark_n;
    int64_t ring_from;  /* what lies behind this position, up to newest, is in the ring */
    struct eg_tail_event *ring[EG_TAIL_RING];
    size_t ring_first, ring_n, ring_b;
    struct eg_buf scratch;

    uint64_t n_opened, n_refused, n_sent, n_pages, n_resyncs;
};

struct eg_follower {
    uint32_t magic;
    struct eg_link all;
    struct eg_link link; /* in starting, asked, work or catching, or alone */
    struct eg_tail *tail;
    struct eg_request *req; /* NULL: gone */
    struct eg_arena *arena; /* this and all that its pages use: a read may outlive the request */
    struct eg_event_filter filter;
    bool has_from;
    int64_t from;
    int64_t at; /* everything that fits up to here has been given to the request */
    bool placed;
    bool streams; /* the answer's head has left */
    bool over;    /* ended by us */
    bool resync;  /* to be told */
    bool other;   /* to be told that its position is one of another log now */
    int64_t said_us;
    int64_t expires_us; /* wall clock; 0: never */
    /* a page of its own */
    struct eg_read read;
    struct eg_read_handle *handle;
    bool reading, stopped, failed;
    int64_t span, upto, page_us; /* positions of a page at most; this page's end; its beginning, monotonic */
    size_t n_rows, most_rows; /* of a page: as many as its client is likely to take */
};

/* tail_feed.c */
struct eg_tail *eg_tail_open(uv_loop_t *loop, struct eg_db *db, const struct eg_tail_config *config);
void eg_tail_close(struct eg_tail *tail);  /* when nobody follows; it is freed once nothing of it runs */
void eg_tail_settle(struct eg_tail *tail); /* a read has ended, or a handle: frees what was closed */
void eg_tail_join(struct eg_tail *tail, struct eg_follower *f);
void eg_tail_leave(struct eg_tail *tail, struct eg_follower *f);
void eg_tail_work(struct eg_follower *f); /* it is served in its turn */
/* `id:` and `data:` of an event; cells in the order of EG_EVENT_COLUMN_LIST. */
void eg_tail_frame(struct eg_buf *out, const struct eg_value *cells);
struct eg_event_marks eg_tail_marks(const struct eg_value *cells);

/* tail_follow.c */
void eg_follow_place(struct eg_follower *f);  /* the log's ends are known */
void eg_follow(struct eg_follower *f);        /* takes what there is and fits */
void eg_follow_pages(struct eg_tail *tail);   /* begins as many pages as may be read at once */
void eg_follow_tick(struct eg_follower *f, int64_t now_us, int64_t mono_us);
void eg_follow_end(struct eg_follower *f, const char *why);
void eg_follow_resync(struct eg_follower *f, int64_t asked); /* tells that not all of what was asked for is there */
void eg_follow_free(struct eg_follower *f); /* once the request is gone and nothing is read */

#endif
