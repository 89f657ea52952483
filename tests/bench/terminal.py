#!/usr/bin/env python3
"""What rec costs a terminal session, against the bare client, in paired runs.

    tests/bench/terminal.py [--rec target/release/rec] [--rounds 5] [--mb 200] [TEST ...]

Tests: bulk (a large file through cat), keys (echo of single keys), start (`true`),
unrecorded (`true` where rec only becomes the client), slow (a terminal that takes 5 MB/s).
Ratios are taken within a round and their median is printed; quote them with the command, since
machines are noisy. Linux, standard library only. The vault is a throw-away one, its key a file.
"""
import argparse, fcntl, json, os, pty, random, select, shutil, statistics, struct
import subprocess, sys, tempfile, termios, time

COLOURS = ["", "\x1b[32m", "\x1b[1;31m", "\x1b[2m", "\x1b[38;5;214m"]
WORDS = ("select update order status deploy kernel nginx café naïve warning reset — ✓ build "
         "connection timeout index vacuum systemd journal λ commit retry").split()


def make_payload(path, mb):
    """Coloured log lines of words, numbers and digests, the same for each seed."""
    rng = random.Random(4711)
    with open(path, "w", encoding="utf-8") as out:
        size = 0
        while size < mb * 1_000_000:
            colour = rng.choice(COLOURS)
            words = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(4, 14)))
            line = f"{colour}{rng.randrange(10**7):9d}{chr(27) + '[0m' if colour else ''} {words}"
            if rng.random() < 0.3:
                line += f" {rng.getrandbits(128):032x}"
            size += out.write(line + "\n")


class Session:
    """A command on a terminal of its own."""

    def __init__(self, argv, env):
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))

    def read(self, size=65536):
        try:
            return os.read(self.fd, size)
        except OSError:
            return b""

    def end(self):
        """Seconds, exit status, CPU seconds and peak memory in MiB."""
        _, status, used = os.wait4(self.pid, 0)
        took = time.perf_counter() - self.began
        os.close(self.fd)
        return took, status, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def bulk(argv, env, rate=None):
    session = Session(argv, env)
    seen = 0
    while chunk := session.read():
        seen += len(chunk)
        if rate:
            behind = session.began + seen / rate - time.perf_counter()
            if behind > 0:
                time.sleep(behind)
    took, status, cpu, rss = session.end()
    assert status == 0, f"{argv}: status {status}"
    return {"s": took, "cpu": cpu, "rss": rss, "bytes": seen}


def keys(argv, env):
    """Microseconds from a key to its echo; the program ends with its terminal."""
    session = Session(argv, env)
    seen = b""
    while b"READY" not in seen:
        seen += session.read()
    times = []
    for n in range(5000):
        key = bytes([97 + n % 26])
        began = time.perf_counter()
        os.write(session.fd, key)
        select.select([session.fd], [], [])
        session.read()
        times.append((time.perf_counter() - began) * 1e6)
    os.close(session.fd)
    os.waitpid(session.pid, 0)
    times.sort()
    return {"p50": times[2500], "p99": times[4950]}


def start(argv, env):
    session = Session(argv, env)
    while session.read():
        pass
    return {"ms": session.end()[0] * 1000}


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def compare(name, rounds, run, bare, rec, fields):
    pairs = [(run(bare), run(rec)) for _ in range(rounds)]
    for field in fields:
        plain = median([a for a, _ in pairs], field)
        ours = median([b for _, b in pairs], field)
        ratio = statistics.median(b[field] / a[field] for a, b in pairs if a[field])
        print(f"{name:11} {field:4} bare {plain:9.2f}  rec {ours:9.2f}  "
              f"added {ours - plain:+9.2f}  ratio {ratio:.2f}", flush=True)
    return [b for _, b in pairs]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rec", default="target/release/rec")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("tests", nargs="*", default=["start", "unrecorded", "keys", "bulk", "slow"])
    args = parser.parse_args()
    rec = os.path.abspath(args.rec)
    work = tempfile.mkdtemp(prefix="rec-bench-")
    try:
        for name in ("state", "run"):
            os.mkdir(os.path.join(work, name), 0o700)
        env = dict(os.environ, TERM="xterm-256color", REC_VAULT=f"{work}/vault",
                   REC_CONFIG=f"{work}/config.toml", XDG_STATE_HOME=f"{work}/state",
                   XDG_RUNTIME_DIR=f"{work}/run")
        subprocess.run([rec, "init", "--key", "file"], env=env, check=True,
                       stderr=subprocess.DEVNULL)
        payload = f"{work}/payload"
        if {"bulk", "slow"} & set(args.tests):
            make_payload(payload, args.mb)
        cat = ["cat", payload]
        echo = ["sh", "-c", "stty raw -echo; echo READY; exec dd bs=1 status=none"]
        if "start" in args.tests:
            compare("start", args.rounds * 10, lambda a: start(a, env), ["true"], [rec, "true"], ["ms"])
        if "unrecorded" in args.tests:
            never = dict(env, REC_CONFIG=f"{work}/never.toml")
            with open(never["REC_CONFIG"], "w", encoding="utf-8") as out:
                out.write('[scope]\ndefault = "never"\n')
            compare("unrecorded", args.rounds * 10, lambda a: start(a, never),
                    ["true"], [rec, "true"], ["ms"])
        if "keys" in args.tests:
            compare("keys", args.rounds, lambda a: keys(a, env), echo, [rec] + echo, ["p50", "p99"])
        if "bulk" in args.tests:
            runs = compare("bulk", args.rounds, lambda a: bulk(a, env), cat, [rec] + cat, ["s", "cpu"])
            report(rec, env, work, runs, len(runs))
        if "slow" in args.tests:
            small = ["head", "-c", "25000000", payload]
            runs = compare("slow", 1, lambda a: bulk(a, env, rate=5e6), small, [rec] + small, ["s"])
            print(f"slow        peak memory {max(r['rss'] for r in runs):.1f} MiB")
    finally:
        shutil.rmtree(work)


def report(rec, env, work, runs, count):
    """Memory, size and what was lost of the last `count` recordings."""
    size = sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(f"{work}/vault") for name in names)
    listed = json.loads(subprocess.run([rec, "ls", "--json"], env=env, check=True,
                                       stdout=subprocess.PIPE).stdout)
    large = [s for s in listed if s["bytes"] > 1_000_000][:count]
    total = sum(s["bytes"] for s in large)
    lost = [s["gaps_by_kind"] for s in large if s["gaps"]]
    print(f"bulk        peak memory {max(r['rss'] for r in runs):.1f} MiB, vault "
          f"{size / max(total, 1):.3f} of the bytes, gaps {lost or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
