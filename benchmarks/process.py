"""The parent's side of a worker: starting it pinned and cold, waiting with a limit, and ending it for certain."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.comparison import Run
from benchmarks.pinning import thread_settings
from benchmarks.subject import ReferenceFiles
from benchmarks.worker import Job

ROOT = Path(__file__).parents[1]
# Where compilers keep what they made: each worker starts without any.
CACHES = ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
SHOWN = 200  # characters of a library's last words


class RunError(Exception):
    """A run came to nothing. `reason`: unsupported, proof, memory, hung or failure; `answer`: the worker's, if any."""

    def __init__(self, reason: str, message: str, answer: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.answer = answer or {}


class Worker:
    """A process that times one run. Use it as a context: at the end no process or file of it is left."""

    def __init__(self, run: Run, reference: ReferenceFiles, python: Path, package: str, limit_s: float) -> None:
        self.run = run
        self.ready: dict[str, Any] = {}
        self._limit_s = limit_s
        self._python = python
        self._job = (run, reference.folder, reference.batch_size, package)
        self._process: subprocess.Popen[bytes] | None = None
        self._received = b""

    def __enter__(self) -> Worker:
        self._scratch = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        self._errors = Path(self._scratch.name) / "stderr"
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is doing, and remove its files; more than once does no harm."""
        self._kill()
        self._scratch.cleanup()

    def start(self) -> dict[str, Any]:
        """Load, prove and warm up; what the worker says of it. Raises RunError."""
        self._launch("--prepare")
        self._answer()
        self._kill()
        self._launch()
        self.ready = self._answer()
        return self.ready

    def measure(self, seconds: float, steps: int) -> list[float]:
        """Seconds of each step, for at least as long and as many. Raises RunError."""
        self._send({"seconds": seconds, "steps": steps})
        return list(self._answer()["steps_s"])

    def end(self) -> float | None:
        """Let the worker end; its peak memory in MB, None where it is not known. Raises RunError."""
        self._send({})
        return self._answer()["peak_memory_mb"]

    @property
    def resident_bytes(self) -> int:
        """Memory that the worker holds now."""
        import psutil

        with contextlib.suppress(psutil.Error):
            return psutil.Process(self._process.pid).memory_info().rss if self._process else 0
        return 0

    def _launch(self, *arguments: str) -> None:
        scratch = self._scratch.name
        comparison = self.run.comparison
        settings = thread_settings(comparison.threads, comparison.device, comparison.batch_size)
        environment = os.environ | dict.fromkeys(CACHES, scratch) | settings | {"PYTHONPATH": str(ROOT)}
        job = Job(*self._job, started_at=time.time())
        self._received = b""
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(self._python), "-m", "benchmarks.worker", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        self._write(job.to_json())

    def _send(self, wish: dict[str, Any]) -> None:
        self._write(json.dumps(wish))

    def _write(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died; the answer that does not come says how
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._line())
        if answer["event"] == "error":
            raise RunError(answer["reason"], answer["message"], answer)
        return answer

    def _line(self) -> bytes:
        """The next line of the worker, within the limit."""
        assert self._process is not None and self._process.stdout is not None
        deadline = time.monotonic() + self._limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._received:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    self._kill()
                    raise RunError("hung", f"no answer within {self._limit_s:g} s; killed")
                chunk = os.read(self._process.stdout.fileno(), 1 << 16)
                if not chunk:
                    raise self._death()
                self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _death(self) -> RunError:
        assert self._process is not None
        status = self._process.wait()
        if status == -signal.SIGKILL:
            return RunError("memory", "killed, most likely because memory ran out")
        cause = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        words = self._errors.read_text(errors="replace").strip().splitlines()
        last = f": {words[-1][:SHOWN]}" if words else ""
        return RunError("memory" if _says_memory(last) else "failure", f"died, {cause}{last}")

    def _kill(self) -> None:
        """End the worker and all that it started."""
        import psutil

        if self._process is None:
            return
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process = None


def _says_memory(words: str) -> bool:
    from benchmarks.memory import is_out_of_memory

    return is_out_of_memory(RuntimeError(words))
