"""Run a command once: `once.py OUTPUT ERRORS COMMAND …` prints wall seconds, processor seconds, peak memory, exit code.

A process of its own, and a small one: a process's peak memory begins with that of the process that started it.
"""

import os
import sys
import time

output, errors, command = sys.argv[1], sys.argv[2], sys.argv[3:]
flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
actions = [(os.POSIX_SPAWN_OPEN, stream, path, flags, 0o644) for stream, path in ((1, output), (2, errors))]
begin = time.perf_counter()
process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - begin
print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
