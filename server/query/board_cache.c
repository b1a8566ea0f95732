/* Answers that are kept for a while. The oldest go when there are too many, or too many bytes of them. */
#include <stdlib.h>
#include <string.h>

#include "server/query/board_int.h"

#define KEPT_MOST 512
#define SHARE 4 /* an answer larger than this part of the whole is not kept */

struct eg_board_answer *eg_board_hold(struct eg_board_answer *answer) {
    answer->refs++;
    return answer;
}

void eg_board_let_go(struct eg_board_answer *answer) {
    if (answer && --answer->refs == 0) {
        free(answer->body);
        free(answer);
    }
}

static void drop(struct eg_board *board, struct eg_board_kept *kept) {
    eg_list_remove(&kept->link);
    board->stats.cached--;
    board->stats.cached_b -= kept->answer->len;
    eg_board_let_go(kept->answer);
    free(kept->key);
    free(kept);
}

static struct eg_board_kept *find(const struct eg_board *board, const struct eg_str *key) {
    for (struct eg_link *at = board->kept.next; at != &board->kept; at = at->next) {
        struct eg_board_kept *kept = EG_CONTAINER(at, struct eg_board_kept, link);
        if (kept->key_len == key->n && memcmp(kept->key, key->p, key->n) == 0) {
            return kept;
        }
    }
    return NULL;
}

struct eg_board_answer *eg_board_find(struct eg_board *board, const struct eg_str *key, int64_t now_us) {
    struct eg_board_kept *kept = find(board, key);
    if (kept && kept->until_us <= now_us) {
        drop(board, kept);
        kept = NULL;
    }
    return kept ? kept->answer : NULL;
}

void eg_board_keep(struct eg_board *board, const struct eg_str *key, struct eg_board_answer *answer, int64_t until_us) {
    struct eg_board_kept *old = find(board, key);
    if (old) {
        drop(board, old);
    }
    if (answer->len > board->config.cache_most_b / SHARE) {
        return;
    }
    while (board->stats.cached &&
           (board->stats.cached >= KEPT_MOST || board->stats.cached_b + answer->len > board->config.cache_most_b)) {
        drop(board, EG_CONTAINER(board->kept.prev, struct eg_board_kept, link));
    }
    struct eg_board_kept *kept = malloc(sizeof *kept);
    char *copy = malloc(key->n + 1);
    if (!kept || !copy) {
        free(kept);
        free(copy);
        return;
    }
    memcpy(copy, key->p, key->n);
    *kept = (struct eg_board_kept){.key = copy, .key_len = key->n, .until_us = until_us, .answer = eg_board_hold(answer)};
    eg_list_prepend(&board->kept, &kept->link);
    board->stats.cached++;
    board->stats.cached_b += answer->len;
}

void eg_board_forget(struct eg_board *board) {
    while (!eg_list_empty(&board->kept)) {
        drop(board, EG_CONTAINER(board->kept.next, struct eg_board_kept, link));
    }
}
