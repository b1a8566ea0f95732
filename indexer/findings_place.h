/* Where findings lie: in the definitions of the commit, in the lines that it changed, in the cells that the server knows. */
#ifndef EG_INDEXER_FINDINGS_PLACE_H
#define EG_INDEXER_FINDINGS_PLACE_H

#include "findings/findings.h"
#include "indexer/ask.h"
#include "indexer/facts.h"
#include "indexer/repo.h"

/* By the repository: definitions and lines of `commit`, and what it changed since `base` (NULL: since nothing). */
EG_MUST_CHECK eg_status eg_findings_place_repo(struct eg_findings *set, git_repository *repo, const struct eg_commit_info *commit,
                                               const git_oid *base, struct eg_err *err);
/* By the server's graph: cells, and the definitions of files that were not bound yet. repo: its name in the events. */
EG_MUST_CHECK eg_status eg_findings_place_server(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_err *err);
#define EG_SCAN_B 33 /* a scan's name, with its NUL */

/* After all else: names the scan of event->tool; sets event->scan (to name) and event->after. asker: NULL without a server. */
EG_MUST_CHECK eg_status eg_findings_scan(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_findings_event *event,
                                         char name[EG_SCAN_B], struct eg_err *err);
/* When a scan counts as made whose commit is not at hand: with the commit where the server has it, else with the first scan of it that the
 * server has, so that the same report is the same events. *time_s stays where it has neither. */
EG_MUST_CHECK eg_status eg_findings_date(struct eg_asker *asker, const char *repo, const char *sha, int64_t *time_s, struct eg_err *err);
/* After eg_findings_finish: which of them the server has under another fingerprint, and what people said of them. */
EG_MUST_CHECK eg_status eg_findings_ask_words(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_err *err);

#endif
