"""What the comparisons with other programs share: finding attn, running a side, and what PyTorch needs to be fast."""
import glob
import json
import os
import subprocess
import sys

OPENMP_BLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0"


def torch_environment():
    """OpenBLAS 0.3.21 takes new processors for a Pentium 4, so OPENBLAS_CORETYPE names the kernels that the
    processor has; and the OpenMP build of OpenBLAS takes the place of another one, because that one shares
    PyTorch's threads. attn gives itself the same help."""
    environment = dict(os.environ)
    flags = set()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("flags"):
                flags = set(line.split(":")[1].split())
                break
    if "OPENBLAS_CORETYPE" not in environment:
        if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
            environment["OPENBLAS_CORETYPE"] = "SkylakeX"
        elif {"avx2", "fma"} <= flags:
            environment["OPENBLAS_CORETYPE"] = "Haswell"
    if os.path.exists(OPENMP_BLAS) and "LD_PRELOAD" not in environment:
        environment["LD_PRELOAD"] = OPENMP_BLAS
    return environment


def last_json(command, environment=None):
    """The JSON document on the last line that the command prints."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def find_attn():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")
    found = [path for path in glob.glob(os.path.join(here, "*", "attn")) + glob.glob(os.path.join(here, "attn")) if os.path.isfile(path)]
    return found[0] if found else "attn"
