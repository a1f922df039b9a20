"""Never comes back, and has a child that would outlive it; says both process numbers first."""

import os
import subprocess
import sys
import threading


def load(run, reference):
    waiting = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    child = subprocess.Popen(waiting, start_new_session=True)
    (reference.folder / "processes").write_text(f"{os.getpid()} {child.pid}")
    threading.Event().wait()
