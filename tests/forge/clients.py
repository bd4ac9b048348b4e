# clients.py DIALECT URL TOKEN: other people's clients against the fake forge, so that it is not shaped by ours alone. Says each
# thing that they do not find; the exit status tells whether there was one.
import json
import os
import subprocess
import sys

dialect, url, token = sys.argv[1:]
failed = 0


def check(what, holds):
    global failed
    if not holds:
        print(f"not ok: {what}")
        failed += 1


def with_gh():
    env = {**os.environ, "GH_ENTERPRISE_TOKEN": token, "GH_TOKEN": token, "GH_NO_UPDATE_NOTIFIER": "1", "GH_CONFIG_DIR": "/nonexistent"}

    def gh(path, *options):
        done = subprocess.run(["gh", "api", f"{url}/{path}", "-H", f"Authorization: Bearer {token}", *options], env=env, capture_output=True,
                              text=True, timeout=60)
        return done.returncode, json.loads(done.stdout or "null")

    status, pull = gh("repos/team/app/pulls/7")
    check("gh: a pull request", status == 0 and pull["number"] == 7)
    status, note = gh("repos/team/app/issues/7/comments", "-f", "body=from gh")
    check("gh: a comment", status == 0 and note["body"] == "from gh")
    status, notes = gh("repos/team/app/issues/7/comments")
    check("gh: comments", any(one["body"] == "from gh" for one in notes))
    status, answer = gh("repos/team/app/pulls/99")
    check("gh: no such pull request", status != 0 and answer["message"] == "Not Found")


def with_pygithub():
    import github

    forge = github.Github(token, base_url=url)
    pull = forge.get_repo("team/app", lazy=True).get_pull(7)
    check("PyGithub: author and state", pull.user.login == "ann" and pull.state == "open" and not pull.merged)
    check("PyGithub: pull requests", [one.number for one in forge.get_repo("team/app", lazy=True).get_pulls()] == [7])
    review = pull.create_review(body="by hand", event="COMMENT", comments=[{"path": "a.txt", "line": 3, "side": "RIGHT", "body": "x"}])
    check("PyGithub: a review", review.body == "by hand" and review.state == "COMMENTED")
    check("PyGithub: reviews", review.id in [one.id for one in pull.get_reviews()])
    try:
        pull.create_review(body="x", event="COMMENT", comments=[{"path": "a.txt", "line": 33, "side": "RIGHT", "body": "x"}])
        check("PyGithub: a line outside the diff is refused", False)
    except github.GithubException as error:
        check("PyGithub: a line outside the diff is refused", error.status == 422 and "Line could not be resolved" in error.data["errors"])
    note = pull.create_issue_comment("from PyGithub")
    check("PyGithub: comments", note.id in [one.id for one in pull.get_issue_comments()])
    check("PyGithub: permission", forge.get_repo("team/app", lazy=True).get_collaborator_permission("ann") == "write")
    run = forge.get_repo("team/app", lazy=True).create_check_run("other", pull.head.sha, status="completed", conclusion="success",
                                                                 output={"title": "t", "summary": "s"})
    check("PyGithub: a check run", run.conclusion == "success" and run.name == "other")


def with_gitlab():
    import gitlab

    request = gitlab.Gitlab(url, private_token=token).projects.get("team/app", lazy=True).mergerequests.get(7)
    check("python-gitlab: a merge request", request.iid == 7 and request.author["username"] == "ann" and request.state == "opened")
    position = {"position_type": "text", **request.diff_refs, "old_path": "a.txt", "new_path": "a.txt", "new_line": 3}
    one = request.discussions.create({"body": "by hand", "position": position})
    check("python-gitlab: a discussion", one.id in [other.id for other in request.discussions.list(get_all=True)])
    try:
        request.discussions.create({"body": "x", "position": {**position, "new_line": 33}})
        check("python-gitlab: a line outside the diff is refused", False)
    except gitlab.exceptions.GitlabCreateError as error:
        check("python-gitlab: a line outside the diff is refused", error.response_code == 400 and "line_code" in str(error))
    note = request.notes.create({"body": "from python-gitlab"})
    check("python-gitlab: notes", note.id in [other.id for other in request.notes.list(get_all=True)])


for act in {"github": [with_gh, with_pygithub], "gitlab": [with_gitlab]}.get(dialect, []):
    act()
sys.exit(failed > 0)
