"""Runs the project's notebooks from first to last cell, without a browser. Any error in a cell is a failure.

    python kernels/run_notebooks.py [-p NAME=VALUE]... [--save] [WORD]...

WORD picks the notebooks whose name contains it. -p sets a parameter (what a cell marks with //@param), as the environment
variable NEOMESH_PARAM_NAME does. --save keeps the outputs in the notebooks.
"""
import argparse
import asyncio
import ctypes
import os
import re
import signal
import sys
import time
from pathlib import Path

# A second of imports; an interrupt needs no traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
# Of one cell, in seconds.
TIMEOUT = 900


def main():
    parser = argparse.ArgumentParser(prog="make notebooks", description="run notebooks without a browser")
    parser.add_argument("words", nargs="*", metavar="WORD", help="run those whose name contains it (default: all)")
    parser.add_argument("-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--save", action="store_true", help="keep the outputs in the notebooks")
    options = parser.parse_args()

    paths = [
        path
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        if not options.words or any(word in path.name for word in options.words)
    ]
    if not paths:
        sys.exit(f"no notebook matches {' '.join(options.words)}")
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    set_parameters(options.parameters, notebooks)
    began = time.time()
    failed = [path.name for path, notebook in notebooks.items() if not run(path, notebook, options.save)]
    print(f"{len(paths) - len(failed)} of {len(paths)} notebooks ran in {time.time() - began:.0f} s", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def set_parameters(given, notebooks):
    """Sets the parameters in the environment of the kernels; a name that no notebook has is an error."""
    sources = [cell.source for notebook in notebooks.values() for cell in notebook.cells if cell.cell_type == "code"]
    known = set(re.findall(r"^\s*(?:const|let|var)\s+([\w$]+).*//\s*@param\b", "\n".join(sources), re.MULTILINE))
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            sys.exit(f"-p must be NAME=VALUE (got {pair})")
        if name not in known:
            sys.exit(f"-p must name a parameter of the notebooks (got {name}). They have {', '.join(sorted(known))}")
        os.environ[f"NEOMESH_PARAM_{name}"] = value


def end_with_parent():
    """Of the process that is to become a kernel: the system kills it when this one has died, also by SIGKILL."""
    PR_SET_PDEATHSIG = 1
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# On other systems the kernel itself checks its parent.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
WITH_PARENT = {"preexec_fn": end_with_parent} if LIBC else {}


class Client(NotebookClient):
    """A signal ends the kernel and then this process, as the signal does; nbclient would report a dead kernel."""

    async def async_start_new_kernel(self, **options):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
            signal.signal(number, self.stop)
        await super().async_start_new_kernel(**options)

    def stop(self, number, _frame):
        kernel = self.km.provisioner
        if kernel is not None and kernel.has_process:
            os.kill(kernel.pid, signal.SIGKILL)
            self.km.cleanup_connection_file()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def run(path, notebook, save):
    began = time.time()
    client = Client(
        notebook,
        timeout=TIMEOUT,
        kernel_name="neomesh",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute(**WITH_PARENT)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        print(f"{path.name}: FAILED after {time.time() - began:.0f} s\n{error}", flush=True)
        return False
    print(f"{path.name}: {len(notebook.cells)} cells, {time.time() - began:.0f} s", flush=True)
    if save:
        partial = path.with_suffix(".partial")
        nbformat.write(notebook, partial)
        os.replace(partial, path)
    return True


main()
