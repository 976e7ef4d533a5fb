# A client of the tests: libgit2, as programs with its bindings use it, with
# credentials that a credential helper of git's gives.
#
#   python3 libgit2.py HELPER CA URL clone DIR
#   python3 libgit2.py HELPER CA URL fetch|push DIR REFSPEC...
import subprocess
import sys
from urllib.parse import urlsplit

import pygit2

helper, ca, url, what, directory = sys.argv[1:6]
pygit2.settings.set_ssl_cert_locations(ca, None)


class Callbacks(pygit2.RemoteCallbacks):
    def credentials(self, url, username_from_url, allowed_types):
        u = urlsplit(url)
        question = f"protocol={u.scheme}\nhost={u.netloc}\npath={u.path.lstrip('/')}\n\n"
        answer = subprocess.run(["sh", "-c", helper + " get"], input=question, capture_output=True, text=True, check=True).stdout
        found = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
        return pygit2.UserPass(found["username"], found["password"])

    def push_update_reference(self, refname, message):
        if message is not None:
            sys.exit(f"{refname}: {message}")


def mirror(repo, name, url):
    return repo.remotes.create(name, url, "+refs/*:refs/*")


if what == "clone":
    pygit2.clone_repository(url, directory, bare=True, remote=mirror, callbacks=Callbacks())
else:
    repo = pygit2.Repository(directory)
    remote = repo.remotes["origin"]
    if what == "fetch":
        remote.fetch(sys.argv[6:], callbacks=Callbacks())
    else:
        remote.push(sys.argv[6:], callbacks=Callbacks())
