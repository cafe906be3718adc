# SPDX-License-Identifier: BSD-3-Clause
"""What an import loads: `loaded.py MODULE`.

The last line it prints tells in JSON the top-level third-party modules that came with it.
"""

import importlib
import json
import sys
import sysconfig

before = set(sys.modules)
importlib.import_module(sys.argv[1])
packages = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
came = {
    name.partition(".")[0]
    for name, module in sys.modules.items()
    if name not in before and (getattr(module, "__file__", None) or "").startswith(packages)
}
print(json.dumps(sorted(came)), flush=True)
