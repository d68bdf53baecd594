"""Imports every module of a package: python3 import_all.py FOLDER PACKAGE."""

import importlib
import pkgutil
import sys
import warnings

warnings.simplefilter("error")
sys.path.insert(0, sys.argv[1])
package = importlib.import_module(sys.argv[2])
count = 0
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
    count += 1
print(count, "modules")
