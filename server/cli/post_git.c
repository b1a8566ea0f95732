/* Posts a repository's history, or one commit with those that waited in the spool. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/cli/post.h"
#include "git/spool.h"

#define EVENT_MOST_B ((size_t)40 << 20)

struct posting {
    struct eg_poster *poster;
    const struct eg_git_source *source;
    struct eg_buf event;
    size_t left_out, edge;
};

static eg_status post_commit(void *ctx, const struct eg_commit *commit, struct eg_err *err) {
    struct posting *posting = ctx;
    if (eg_git_event(posting->source, commit, &posting->event, &posting->left_out, err)) {
        return EG_FAIL;
    }
    return eg_poster_add(posting->poster, posting->event.data, posting->event.len, err);
}

static eg_status post_all(struct eg_poster *poster, const struct eg_post_git *post, const char *const *shas, size_t n,
                          struct eg_err *err) {
    struct posting posting = {.poster = poster, .source = &post->source};
    eg_buf_init(&posting.event, EVENT_MOST_B);
    const struct eg_git_asked asked = {.folder = post->folder, .shas = shas, .n_shas = n, .with_diff = post->with_diff};
    eg_status status = eg_git_log(&asked, post_commit, &posting, &posting.edge, NULL, err);
    if (status == EG_OK) {
        status = eg_poster_flush(poster, err);
    }
    eg_buf_free(&posting.event);
    if (posting.edge) {
        fprintf(stderr, "egdb post: %zu commits were left out: " EG_GIT_EDGE "\n", posting.edge);
    }
    if (posting.left_out) {
        fprintf(stderr,
                "egdb post: %zu files were left out: their paths or their number are beyond the topic's bounds\n",
                posting.left_out);
    }
    return status;
}

static eg_status post_waiting(struct eg_poster *poster, const struct eg_post_git *post, const struct eg_spool *spool,
                              bool waits, struct eg_err *err) {
    const char *shas[EG_SPOOL_MOST + 1];
    size_t n = 0;
    for (; n < spool->n; n++) {
        shas[n] = spool->shas[n];
    }
    if (!waits) {
        shas[n++] = post->commit;
    }
    return n ? post_all(poster, post, shas, n, err) : EG_OK;
}

/* The commit joins those that wait; all are posted; what could not be stays. */
static eg_status post_spooled(struct eg_poster *poster, const struct eg_post_git *post, struct eg_err *err) {
    struct eg_spool *spool = NULL;
    bool waits;
    if (eg_spool_add(post->spool, post->commit, &waits, err)) {
        return EG_FAIL;
    }
    int claim = eg_spool_claim(post->spool, post->wait_ms, err);
    if (claim < 0) {
        return err->code ? EG_FAIL
                         : eg_err_set(err, EG_E_STORE_UNAVAILABLE, post->spool, "another one is posting what waits there");
    }
    eg_status status = eg_spool_read(post->spool, &spool, err);
    status = status ? status : post_waiting(poster, post, spool, waits, err);
    if (status == EG_OK) {
        status = eg_spool_forget(post->spool, spool, err);
    } else if (!waits) {
        fprintf(stderr, "egdb post: the spool is full (%d commits); `egdb post --git-history` posts what is missing\n",
                EG_SPOOL_MOST);
    }
    free(spool);
    close(claim);
    return status;
}

eg_status eg_post_git(struct eg_poster *poster, const struct eg_post_git *post, struct eg_err *err) {
    if (!post->commit) {
        return post_all(poster, post, NULL, 0, err);
    }
    return post->spool ? post_spooled(poster, post, err) : post_all(poster, post, &post->commit, 1, err);
}
