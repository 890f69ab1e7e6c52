"""Takes libtensorflow and the C API's headers out of a TensorFlow wheel.

usage: extract-libtensorflow.py WHEEL FOLDER      makes FOLDER/lib and FOLDER/include
"""
import os
import shutil
import sys
import zipfile

wheel, folder = sys.argv[1:]
libraries = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
headers = tuple(
    "tensorflow/include/" + part
    for part in ("tensorflow/c/", "tensorflow/core/platform/", "tensorflow/core/common_runtime/", "tsl/platform/", "xla/tsl/")
)
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name in ["tensorflow/" + library for library in libraries]:
            target = os.path.join(folder, "lib", os.path.basename(name))
        elif name.startswith(headers) and name.endswith((".h", ".inc")):
            target = os.path.join(folder, "include", name[len("tensorflow/include/"):])
        else:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(name) as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
missing = [library for library in libraries if not os.path.exists(os.path.join(folder, "lib", library))]
if missing:
    sys.exit(f"the wheel holds no {missing[0]}")
os.symlink("libtensorflow_cc.so.2", os.path.join(folder, "lib", "libtensorflow.so"))
os.symlink("libtensorflow_framework.so.2", os.path.join(folder, "lib", "libtensorflow_framework.so"))
