# SPDX-License-Identifier: BSD-3-Clause
"""What a script asked to be done later: the engine's tasks, at the path that scripts know."""

from nepi.runtime.tasks import Task, TaskStatus

__all__ = ["Task", "TaskStatus"]
