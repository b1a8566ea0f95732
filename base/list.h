/* An intrusive doubly linked list; the links live in the element, the list owns nothing. */
#ifndef EG_BASE_LIST_H
#define EG_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct eg_link {
    struct eg_link *next;
    struct eg_link *prev;
};

#define EG_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void eg_list_init(struct eg_link *head) { head->next = head->prev = head; }
static inline bool eg_list_empty(const struct eg_link *head) { return head->next == head; }
static inline void eg_list_append(struct eg_link *head, struct eg_link *link) {
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}
static inline void eg_list_prepend(struct eg_link *head, struct eg_link *link) {
    link->next = head->next;
    link->prev = head;
    head->next->prev = link;
    head->next = link;
}
static inline void eg_list_remove(struct eg_link *link) {
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = link;
}

#endif
