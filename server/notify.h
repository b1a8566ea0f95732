/* Tells systemd about the service's state (Type=notify), without its library. Nothing happens when nobody asked for it.
 */
#ifndef EG_NOTIFY_H
#define EG_NOTIFY_H

/* state: "READY=1", "STOPPING=1"; lines are separated by newlines. Failure is not worth a word: the service runs all
 * the same. */
void eg_notify(const char *state);

#endif
