"""`egdb-index thresholds`: what is learned of a history, what is left out of it, and when nothing is learned."""
import json
import pathlib
import runpy
import shutil

import pytest

from support import binary, gating, indexer
from support.repository import Repository


def history(client, values, module="core.a", first=0):
    gating.post(client, [gating.fingerprint(first + i, {module: value}) for i, value in enumerate(values)])


def quantile(values, q):
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def bounds(values):
    return [pytest.approx(quantile(values, q), abs=1e-9) for q in (0.9, 0.95, 0.99)]


def learned(store, module="*"):
    rows = store.query("SELECT alpha, beta, zeta FROM spec_thresholds WHERE module = ? ORDER BY created_utc, id", (module,))
    return [list(row) for row in rows]


VALUES = [(7 * i % 40) / 100 for i in range(1, 41)]


def test_thresholds_are_the_quantiles_of_the_past(server, store, client):
    history(client, VALUES)
    done = gating.run(server, "thresholds", "update", "--window", "90d", "--by-module")
    positive = [value for value in VALUES if value > 0]
    assert [one["module"] for one in done["learned"]] == ["core.a", "*"] and done["stored"] == 2
    assert learned(store, "core.a") == [bounds(positive)] and learned(store) == [bounds(positive)]
    assert done["learned"][0]["n"] == len(positive) and done["learned"][0]["sha"] == gating.sha(39)
    again = gating.run(server, "thresholds", "update", "--by-module")
    assert (again["learned"], again["unchanged"], again["stored"]) == ([], 2, 0)


def test_only_the_repository_without_by_module_and_only_the_window(server, store, client):
    history(client, VALUES)
    done = gating.run(server, "thresholds", "update", "--window", "25c")
    assert [one["module"] for one in done["learned"]] == ["*"] and learned(store) == [bounds([v for v in VALUES[-25:] if v > 0])]


def test_too_few_commits_teach_nothing(server, store, client):
    history(client, [0.2] * 19)
    done = gating.run(server, "thresholds", "update", "--by-module")
    assert (done["learned"], done["too_few_commits"], learned(store)) == ([], 2, [])


def test_commits_labelled_bad_are_left_out(server, store, client):
    history(client, [0.1 + i / 1000 for i in range(30)] + [0.99, 0.98])
    gating.run(server, "thresholds", "label", gating.sha(30), "bad", "--reason", "reverted")
    gating.run(server, "thresholds", "label", gating.sha(31), "bad", "--reason", "an incident")
    gating.run(server, "thresholds", "update")
    assert learned(store) == [bounds([0.1 + i / 1000 for i in range(30)])]
    gating.run(server, "thresholds", "label", gating.sha(31), "good", "--reason", "it was another one")
    gating.run(server, "thresholds", "update")
    assert learned(store)[-1] == bounds([0.1 + i / 1000 for i in range(30)] + [0.98])


def test_moving_averages(server, client):
    history(client, [0.2, 0.4] * 15)
    one = gating.run(server, "thresholds", "update", "--basis", "ewma")["learned"][0]
    mean = 0.2
    for value in ([0.2, 0.4] * 15)[1:]:
        mean = 0.15 * value + 0.85 * mean
    assert one["basis"] == "ewma" and one["mean"] == pytest.approx(mean) and one["sigma"] == pytest.approx(0.14826)
    assert one["beta"] == pytest.approx(mean + 1.6448536269514722 * 0.14826)


def test_energy_is_reckoned_from_tokens_where_no_fingerprint_says_it(server, store, client):
    gating.post(client, [gating.tokens(i, [{"token": "ADD_FN", "file": "a.py", "weight": 0.1, "module": "a"},
                                           {"token": "DEL_FN", "file": "a.py", "weight": 0.2, "module": "a"}]) for i in range(25)])
    gating.run(server, "thresholds", "update", "--by-module")
    # The first five weigh against 1, the others against what the module is used to.
    values = [0.25918177931828212] * 5 + [0.63212055882855767] * 20
    assert learned(store, "a") == [bounds(values)]


def test_a_freeze_by_hand_ends_with_its_nth_commit(server, store, client):
    history(client, VALUES)
    gating.run(server, "thresholds", "update")
    done = gating.run(server, "thresholds", "freeze", "--commits", "3", "--reason", "drift guard")
    assert done["frozen"]["commits"] == 3
    history(client, [0.9] * 2, first=40)
    done = gating.run(server, "thresholds", "update")
    assert (done["frozen"], done["learned"], done["unfrozen"]) == (["*"], [], [])
    assert store.query('SELECT "freeze", commits, reason FROM spec_drift') in ([(1, 3, "drift guard")], [(True, 3, "drift guard")])
    history(client, [0.9], first=42)
    done = gating.run(server, "thresholds", "update")
    assert [one["reason"] for one in done["unfrozen"]] == ["3 commits have passed"] and len(done["learned"]) == 1
    assert not store.scalar('SELECT "freeze" FROM spec_drift') and len(learned(store)) == 2
    assert gating.run(server, "thresholds", "update")["unfrozen"] == []


def test_unfreezing_by_hand(server, store, client):
    history(client, VALUES)
    gating.run(server, "thresholds", "freeze", "--reason", "one", "--module", "core", "--metric", "delta_z")
    assert gating.run(server, "thresholds", "update", "--by-module")["frozen"] == ["core.a"], "a module of the unit that is frozen"
    assert gating.run(server, "thresholds", "unfreeze", "--module", "other")["unfrozen"] == []
    done = gating.run(server, "thresholds", "unfreeze", "--reason", "a new machine")
    assert done["unfrozen"] == [{"module": "core", "metric": "delta_z"}]
    assert store.scalar("SELECT unfrozen_reason FROM spec_drift") == "a new machine"
    assert gating.run(server, "thresholds", "update", "--by-module")["frozen"] == []
    # Frozen a second time, at the same commit and for the same reason, it is frozen.
    gating.run(server, "thresholds", "freeze", "--reason", "one", "--module", "core", "--metric", "delta_z")
    assert store.scalar("SELECT count(*) FROM spec_drift") == 2
    assert gating.run(server, "thresholds", "export", "/dev/stdout", check=0)


def test_drift_freezes_and_commits_unfreeze(server, store, client):
    calm = [0.05 + (i % 5) / 100 for i in range(60)]
    history(client, calm)
    gating.run(server, "thresholds", "update", "--by-module")
    before = learned(store, "core.a")
    history(client, [0.8 + (i % 5) / 100 for i in range(30)], first=60)
    done = gating.run(server, "thresholds", "update", "--by-module")
    assert sorted((one["module"], one["metric"]) for one in done["drifts"]) == [("*", "delta_z"), ("core.a", "delta_z")]
    assert {one["detector"] for one in done["drifts"]} <= {"adwin", "page-hinkley"}
    assert sorted(done["frozen"]) == ["*", "core.a"] and learned(store, "core.a") == before
    details = store.scalar("SELECT details FROM spec_drift WHERE module = 'core.a'")
    at = json.loads(details)["sha"] if isinstance(details, str) else details["sha"]
    drifted = [gating.sha(n) for n in range(60, 90)].index(at)
    assert 10 <= drifted, "where chance is no longer an explanation"
    # The same past gives the same freezes: nothing new is stored.
    again = gating.run(server, "thresholds", "update", "--by-module")
    assert (again["drifts"], again["stored"]) == ([], 0)
    history(client, [0.8 + (i % 5) / 100 for i in range(20 - (29 - drifted))], first=90)
    done = gating.run(server, "thresholds", "update", "--by-module")
    assert len(done["unfrozen"]) == 2 and done["drifts"] == [] and len(done["learned"]) == 2
    assert store.scalar('SELECT count(*) FROM spec_drift WHERE "freeze"') == 0
    assert store.scalar("SELECT min(unfrozen_reason) FROM spec_drift") == "20 commits have passed"


def rises(values, delta, threshold, alpha, least):
    """Page-Hinkley's one-sided form: the places where it says that the mean has risen."""
    found, n, mean, total = [], 0, 0.0, 0.0
    for at, x in enumerate(values):
        n += 1
        mean += (x - mean) / n
        total = max(0.0, alpha * total + x - mean - delta)
        if n >= least and total > threshold:
            found.append(at)
            n, mean, total = 0, 0.0, 0.0
    return found


def test_the_threshold_of_the_policy_finds_a_rise_between_0_and_1(server, store, client, scratch):
    """ΔZ goes from 0.2 to 0.5 for good. ADWIN, which would find it first, is made all but deaf."""
    values = [0.1 + (i % 5) / 20 for i in range(100)] + [0.4 + (i % 5) / 20 for i in range(100)]
    shutil.copytree(binary.ROOT / "spec/policies", scratch / "spec/policies")
    path = scratch / "spec/policies/gates.json"
    policy = json.loads(path.read_text("utf-8"))
    policy["drift"]["adwin"]["delta"] = 1e-300
    settings = policy["drift"]["page_hinkley"]
    at = rises(values, **settings)
    assert len(at) == 1 and 100 < at[0] < 150 and rises(values, **{**settings, "threshold": 50}) == []
    path.write_text(json.dumps(policy), "utf-8")
    history(client, values[:at[0] + 10])  # its freeze is not over yet
    done = gating.run(server, "thresholds", "update", "--spec", scratch / "spec")
    assert [(one["metric"], one["detector"]) for one in done["drifts"]] == 2 * [("delta_z", "page-hinkley")]
    details = store.scalar("SELECT details FROM spec_drift WHERE module = '*'")
    details = json.loads(details) if isinstance(details, str) else details
    assert (details["sha"], details["threshold"]) == (gating.sha(at[0]), settings["threshold"])


def test_a_freeze_that_a_person_ended_is_not_begun_again(server, store, client):
    history(client, [0.05 + (i % 5) / 100 for i in range(60)] + [0.8 + (i % 5) / 100 for i in range(30)])
    assert len(gating.run(server, "thresholds", "update")["drifts"]) == 2
    gating.run(server, "thresholds", "unfreeze", "--reason", "it is meant so")
    done = gating.run(server, "thresholds", "update")
    assert (done["drifts"], done["frozen"]) == ([], []) and len(done["learned"]) == 1


def test_the_state_is_a_file_that_can_be_put_back(server, store, client, scratch):
    history(client, VALUES)
    gating.run(server, "thresholds", "update", "--by-module")
    gating.run(server, "thresholds", "export", scratch / "before.json")
    state = json.loads((scratch / "before.json").read_text("utf-8"))
    assert [one["module"] for one in state["thresholds"]] == ["*", "core.a"] and state["freezes"] == [] and state["sha"] == gating.sha(39)
    history(client, [0.9] * 40, first=40)
    gating.run(server, "thresholds", "freeze", "--reason", "spike", "--module", "other")
    gating.run(server, "thresholds", "update", "--by-module", "--window", "30c")
    now = learned(store, "core.a")
    if len(now) > 1:
        assert now[1] != now[0]
    done = gating.run(server, "thresholds", "import", scratch / "before.json")
    gating.run(server, "thresholds", "export", scratch / "after.json")
    after = json.loads((scratch / "after.json").read_text("utf-8"))
    assert after["thresholds"] == state["thresholds"] and len(done["set"]) == 2 * (len(now) > 1)
    assert after["freezes"] == [], "the freeze by hand and those of drift ended"
    assert {"module": "other", "metric": "*"} in done["unfrozen"] and done["frozen"] == []
    assert store.scalar("SELECT count(*) FROM spec_drift WHERE unfrozen_reason LIKE 'import of %before.json'") == len(done["unfrozen"])
    again = gating.run(server, "thresholds", "import", scratch / "before.json")
    assert (again["set"], again["unfrozen"], again["frozen"]) == ([], [], [])


def test_the_freezes_of_a_file_begin_with_it(server, store, client, scratch):
    """With what they had left; gates judges by those of a file, and changes nothing."""
    history(client, VALUES)
    gating.run(server, "thresholds", "freeze", "--reason", "spike", "--module", "core", "--metric", "delta_z", "--commits", "5")
    history(client, [0.2] * 2, first=40)
    gating.run(server, "thresholds", "export", scratch / "frozen.json")
    gating.run(server, "thresholds", "unfreeze")
    words = ("gates", "--commit", gating.sha(41), "--report", "/dev/stderr", "--name", gating.REPO, "--server", server.url)
    i1 = [next(gate for gate in json.loads(indexer.run(*words, *more).err)["commits"][0]["gates"] if gate["gate"] == "I1")["details"]
          for more in ((), ("--freeze", scratch / "frozen.json"))]
    assert ["frozen" in json.dumps(one) for one in i1] == [False, True] and "spike" in json.dumps(i1[1])
    assert store.scalar("SELECT count(*) FROM spec_drift") == 1
    done = gating.run(server, "thresholds", "import", scratch / "frozen.json")
    assert [(one["module"], one["metric"], one["commits"]) for one in done["frozen"]] == [("core", "delta_z", 3)]
    assert done["frozen"][0]["reason"].startswith("spike (import of ")
    gating.run(server, "thresholds", "export", scratch / "after.json")
    assert [one["left"] for one in json.loads((scratch / "after.json").read_text("utf-8"))["freezes"]] == [3]
    (scratch / "bad.json").write_text(json.dumps({"version": 1, "thresholds": [], "freezes": [{"module": "core"}]}), "utf-8")
    assert "freezes[0]" in indexer.run("thresholds", "import", scratch / "bad.json", "--name", gating.REPO, "--server", server.url, check=2).err


@pytest.mark.parametrize("command", ["hook", "index", "history"])
def test_the_nth_commit_after_a_freeze_ends_it_whoever_posts_it(server, store, scratch, command):
    repository = Repository(scratch / "lab")
    words = ("--repo", repository.folder, "--server", server.url)
    repository.commit(files={"a.py": "def a():\n    return 1\n"})
    indexer.run(command, *words)
    indexer.run("thresholds", "freeze", "--commits", "2", "--reason", "spike", *words)
    repository.commit(files={"a.py": "def a():\n    return 2\n"})
    indexer.run(command, *words)
    assert store.scalar('SELECT "freeze" FROM spec_drift')
    sha = repository.commit(files={"a.py": "def a():\n    return 3\n"})
    indexer.run(command, *words)
    assert not store.scalar('SELECT "freeze" FROM spec_drift')
    assert store.scalar("SELECT unfrozen_reason FROM spec_drift") == "2 commits have passed"
    assert store.scalar("SELECT repo_sha FROM events WHERE topic = 'spec.drift.unfrozen@v1'") == sha


def test_other_repositories_do_not_count(server, store, client):
    history(client, VALUES)
    other = gating.fingerprint(100, {"core.a": 0.99})
    other["payload"]["repo"] = "other"
    gating.post(client, [other])
    gating.run(server, "thresholds", "update")
    assert learned(store) == [bounds([v for v in VALUES if v > 0])]


@pytest.mark.parametrize("words, says", [
    (["update", "--window", "90x"], "90d, 90c"), (["freeze"], "--reason"), (["freeze", "--reason", "x", "--commits", "0"], "--commits"),
    (["label", "1234", "bad", "--reason", "x"], "no full sha"), (["label", "1" * 40, "ugly", "--reason", "x"], "good or bad"),
    (["import", "/nowhere.json"], "nowhere"), (["thaw"], "freeze, unfreeze"), (["update", "--basis", "luck"], "quantile or ewma")])
def test_wrong_usage_says_what_is_right(server, words, says):
    done = indexer.run("thresholds", *words, "--name", "lab", "--server", server.url, check=2, cwd="/")
    assert says in done.err


def test_the_series_of_the_detectors_are_what_their_program_makes():
    folder = pathlib.Path(__file__).parent / "data"
    made = runpy.run_path(str(folder / "make.py"))
    for name in ("page_hinkley", "adwin"):
        assert (folder / f"{name}.txt").read_text("ascii") == made["text"](made[name]())
