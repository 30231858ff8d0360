"""Speaks to a kernel with jupyter_client: a JSON command a line on stdin, JSON messages a line on stdout.

Usage: client.py KERNEL_NAME, with JUPYTER_PATH naming the folder of the kernelspec.
"""
import json
import sys
import threading

from jupyter_client import KernelManager


writing = threading.Lock()
# Sockets are no two threads' at once: while a kernel restarts, the main thread alone listens.
listening = threading.Event()
sockets = {"iopub": threading.Lock(), "shell": threading.Lock(), "stdin": threading.Lock()}


def say(channel, kind, content, parent=None):
    line = json.dumps({"channel": channel, "type": kind, "parent": parent, "content": content})
    with writing:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def pump(get, channel):
    while True:
        listening.wait()
        try:
            with sockets[channel]:
                message = get(timeout=0.1)
            say(channel, message["header"]["msg_type"], message["content"], message["parent_header"].get("msg_id"))
        except Exception as error:  # queue.Empty, or a socket that a restart has closed
            if type(error).__name__ != "Empty":
                threading.Event().wait(0.05)


def main():
    manager = KernelManager(kernel_name=sys.argv[1])
    # Node makes a pipe that it inherits non-blocking, for us as well: lines would be cut.
    manager.start_kernel(cwd=sys.argv[2] if len(sys.argv) > 2 else None, stdout=sys.stderr)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    listening.set()
    for channel in sockets:
        threading.Thread(target=pump, args=(getattr(client, f"get_{channel}_msg"), channel), daemon=True).start()
    say("client", "ready", {"pid": manager.provisioner.pid})
    for line in sys.stdin:
        command = json.loads(line)
        method, arguments = command["method"], command.get("arguments", {})
        result = None
        if method == "interrupt":
            manager.interrupt_kernel()
        elif method == "restart":
            listening.clear()
            with sockets["iopub"], sockets["shell"], sockets["stdin"]:
                manager.restart_kernel()
                client.wait_for_ready(timeout=120)
            listening.set()
            result = {"pid": manager.provisioner.pid}
        else:
            result = getattr(client, method)(**arguments)
        say("client", "done", result)
    client.stop_channels()
    manager.shutdown_kernel()


main()
