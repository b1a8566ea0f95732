/* `gates`: judges commits, posts what each gate says, writes the report, and says why something is blocked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "indexer/gate.h"
#include "indexer/gate_event.h"
#include "indexer/range.h"
#include "indexer/repo.h"
#include "indexer/threshold.h"

#define COMMITS_MOST 1000
#define FINDINGS_TOLD 5

struct judging {
    struct eg_gating gating;
    json_t *findings, *commits; /* open ones that raise; the report */
    enum eg_level worst;
    size_t n_unknown;
};

static eg_status read_findings(struct judging *judging, struct eg_err *err) {
    static const char *const severities[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};
    struct eg_gating *gating = &judging->gating;
    judging->findings = json_array();
    for (size_t i = 0; i < 4; i++) {
        json_t *rows;
        if (!eg_gate_policy_raises(&gating->policy, severities[i])) {
            continue;
        }
        if (eg_ask(gating->asker,
                   "SELECT open_findings (id, severity, rule_id, file, line, category) FROM all WHERE severity=$severity "
                   "repo IN ($repo, \"\") ORDER BY risk DESC, id LIMIT 20",
                   json_pack("{s:s, s:s}", "repo", gating->name, "severity", severities[i]), &rows, err)) {
            return EG_FAIL;
        }
        json_array_extend(judging->findings, rows);
        json_decref(rows);
    }
    return EG_OK;
}

static eg_status put(struct judging *judging, const char *sha, const struct eg_verdict *verdict, struct eg_err *err) {
    json_t *payload = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:O}", "repo", judging->gating.name, "sha", sha, "gate",
                                verdict->gate, "score", eg_gate_number(verdict->score), "threshold",
                                eg_gate_number(verdict->threshold), "action", eg_level_action(verdict->level),
                                "details", verdict->details);
    if (verdict->module && *verdict->module) {
        json_object_set_new(payload, "module", json_string(verdict->module));
    }
    struct eg_gate_event event = {"invariants.result@v1", verdict->at_us, sha, NULL, payload};
    return eg_gate_event_put(judging->gating.sink, &event, err);
}

static const char *advice(const struct eg_verdict *verdict) {
    static const char *const text[] = {
        "reduce Δ: split the change, add tests or adapters", "keep the old name or parameter, or add an adapter",
        "change what the tokens explain apart from the rest, or index what could not be parsed",
        "mend the tests, or what became slower"};
    return text[verdict->gate[1] - '1'];
}

/* Appendix B of the playbooks. */
static void tell(const struct judging *judging, const struct eg_decision *decision) {
    const json_t *finding;
    const char *report = judging->gating.command->flags.report;
    printf("%.12s: %s%s\n", decision->sha, eg_level_action(decision->level),
           decision->level == EG_LEVEL_HARD ? " (hard)" : "");
    for (size_t i = 0; i < decision->n; i++) {
        const struct eg_verdict *verdict = &decision->verdicts[i];
        if (verdict->level > EG_LEVEL_PASS) {
            printf("  %s %s: %s\n     Action: %s, or give the reason.\n", verdict->gate,
                   eg_level_action(verdict->level), verdict->said, advice(verdict));
        }
    }
    if (decision->level > decision->before_raise) {
        size_t i;
        printf("  raised from %s by %zu open findings:\n", eg_level_action(decision->before_raise), json_array_size(judging->findings));
        json_array_foreach(judging->findings, i, finding) {
            if (i == FINDINGS_TOLD) {
                break;
            }
            printf("  SAST flagged %s (%s) in %s:%lld.%s\n", eg_row_text(finding, 2), eg_row_text(finding, 1), eg_row_text(finding, 3),
                   (long long)json_integer_value(json_array_get(finding, 4)),
                   strcmp(eg_row_text(finding, 5), "Secrets") == 0 ? " Secret rotation required." : "");
        }
        printf("     Action: mend or suppress them. See all: egdb-index findings --out .glx/security/queue.json\n");
    }
    if (decision->before_raise > EG_LEVEL_PASS) {
        const char *between = "  Violations: ";
        for (size_t i = 0; i < decision->n; i++) {
            if (decision->verdicts[i].level > EG_LEVEL_PASS) {
                printf("%s%s", between, decision->verdicts[i].gate);
                between = ", ";
            }
        }
        printf(".%s%s\n", report ? " See artifacts: " : "", report ? report : "");
    }
}

static json_t *described(const struct judging *judging, const struct eg_decision *decision) {
    json_t *list = json_array();
    for (size_t i = 0; i < decision->n; i++) {
        const struct eg_verdict *verdict = &decision->verdicts[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:O}", "gate", verdict->gate, "action",
                                              eg_level_action(verdict->level), "score", eg_gate_number(verdict->score),
                                              "threshold", eg_gate_number(verdict->threshold), "module",
                                              verdict->module ? verdict->module : "", "why", verdict->said, "details",
                                              verdict->details));
    }
    json_t *commit =
        json_pack("{s:s, s:s, s:b, s:o}", "sha", decision->sha, "decision", eg_level_action(decision->level), "hard",
                  decision->level == EG_LEVEL_HARD, "gates", list);
    if (decision->level > decision->before_raise) {
        json_object_set(commit, "raised_by", judging->findings);
    }
    return commit;
}

static eg_status judge(struct judging *judging, const char *sha, struct eg_err *err) {
    struct eg_decision decision;
    eg_status status =
        eg_gate_judge(&judging->gating, sha, judging->gating.command->flags.freeze, judging->findings, &decision, err);
    if (status == EG_OK && !decision.known) {
        judging->n_unknown++;
        json_array_append_new(judging->commits,
                              json_pack("{s:s, s:s, s:[]}", "sha", sha, "decision", "unknown", "gates"));
        fprintf(stderr,
                "egdb-index gates: %s: the server knows nothing of this commit: `egdb-index history` indexes it\n",
                sha);
        return EG_OK;
    }
    for (size_t i = 0; status == EG_OK && i < decision.n; i++) {
        status = put(judging, sha, &decision.verdicts[i], err);
    }
    if (status == EG_OK) {
        judging->worst = decision.level > judging->worst ? decision.level : judging->worst;
        json_array_append_new(judging->commits, described(judging, &decision));
        tell(judging, &decision);
    }
    eg_decision_free(&decision);
    return status;
}

static eg_status judge_range(struct judging *judging, const char *from, const char *to, struct eg_err *err) {
    struct eg_commit_info first, last;
    struct eg_range range = {0};
    if (eg_repo_commit(judging->gating.repo, from, &first, err) || eg_repo_commit(judging->gating.repo, to, &last, err)) {
        return EG_FAIL;
    }
    eg_status status = eg_range_list(judging->gating.repo, &first.oid, &last.oid, &range, err);
    if (status == EG_OK && range.n > COMMITS_MOST) {
        status = eg_err_set(err, EG_E_USAGE, "--from", "there are more than %d commits", COMMITS_MOST);
    }
    for (size_t i = 0; status == EG_OK && i < range.n; i++) {
        char sha[GIT_OID_HEXSZ + 1];
        status = judge(judging, git_oid_tostr(sha, sizeof(sha), &range.v[i]), err);
    }
    eg_range_free(&range);
    return status;
}

static eg_status judge_all(struct judging *judging, struct eg_err *err) {
    const struct eg_index_flags *flags = &judging->gating.command->flags;
    char sha[GIT_OID_HEXSZ + 1];
    if (flags->from && !judging->gating.repo) {
        return eg_err_set(err, EG_E_USAGE, "--from", "a range needs the repository");
    }
    if (flags->from) {
        return judge_range(judging, flags->from, flags->to ? flags->to : "HEAD", err);
    }
    if (eg_gating_sha(&judging->gating, flags->commit ? flags->commit : flags->to ? flags->to : "HEAD", sha, err)) {
        return EG_FAIL;
    }
    return judge(judging, sha, err);
}

static eg_status write_report(const struct judging *judging, struct eg_err *err) {
    const char *path = judging->gating.command->flags.report;
    if (!path) {
        return EG_OK;
    }
    json_t *report = json_pack("{s:s, s:s, s:O}", "repo", judging->gating.name, "decision",
                               eg_level_action(judging->worst), "commits", judging->commits);
    char *text = report ? json_dumps(report, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;
    eg_status status = text ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    status = status ? status : eg_file_write_line(path, text, err);
    json_decref(report);
    free(text);
    return status;
}

static eg_status run(struct judging *judging, struct eg_index_command *command) {
    const struct eg_index_flags *flags = &command->flags;
    struct eg_err *err = &command->err;
    struct eg_sink_sum sum;
    json_t *unfrozen = json_array(), *frozen = json_array();
    eg_status status = eg_gating_begin(&judging->gating, command, err);
    struct eg_past *past = &judging->gating.past;
    if (status == EG_OK && flags->freeze) {
        status = eg_state_read(past, flags->freeze, err);
    } else if (status == EG_OK) {
        status = eg_threshold_tend(past, &judging->gating.policy, judging->gating.sink, unfrozen, frozen, err);
    }
    status = status ? status : read_findings(judging, err);
    status = status ? status : judge_all(judging, err);
    status = status ? status : write_report(judging, err);
    status = status ? status : eg_gating_flush(&judging->gating, &sum, err);
    json_decref(unfrozen);
    json_decref(frozen);
    return status;
}

static int ended(const struct judging *judging, eg_status status, struct eg_index_command *command) {
    bool required = command->flags.require != NULL;
    if (status && command->err.code == EG_E_STORE_UNAVAILABLE && !required) {
        fprintf(stderr, "egdb-index gates: %s: %s; nothing is judged (--require-server makes this an error)\n",
                command->err.place, command->err.message);
        return EG_EXIT_OK;
    }
    if (status) {
        return command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_UNDECIDED;
    }
    if (judging->worst >= EG_LEVEL_BLOCK) {
        return EG_EXIT_FAILED;
    }
    return required && judging->n_unknown > 0 ? EG_EXIT_UNDECIDED : EG_EXIT_OK;
}

int eg_index_gates(struct eg_index_command *command) {
    const struct eg_index_flags *flags = &command->flags;
    if (flags->ready) {
        return eg_ask_ready(flags->server, flags->token_file, &command->err) == EG_OK ? EG_EXIT_OK
               : command->err.code == EG_E_USAGE                                      ? EG_EXIT_USAGE
                                                                                      : EG_EXIT_FAILED;
    }
    struct judging judging = {.commits = json_array()};
    if (!flags->ci == !flags->commit || (flags->commit && (flags->from || flags->to))) {
        eg_err_set(&command->err, EG_E_USAGE, "gates", "say --ci (with --from and --to for a range), or --commit SHA");
        json_decref(judging.commits);
        return EG_EXIT_USAGE;
    }
    int code = ended(&judging, run(&judging, command), command);
    eg_gating_end(&judging.gating);
    json_decref(judging.findings);
    json_decref(judging.commits);
    return code;
}
