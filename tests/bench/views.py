#!/usr/bin/env python3
"""How fast the views answer, on a real terminal over a vault of real sessions.

    tests/bench/views.py [--rec target/release/rec] [--sessions 1000] [--typed 200] [--mb 1000]
                         [--made DIR] [--day DIR] [TEST ...]

Tests: paint (from the start to the first frame), keys (from a key to what it draws, in each view),
search (from a letter to the hits), seek (jumps in one long session, from the key to the frame), day
(opening a session of a day and a gigabyte, and jumps in it before and after it was read). The
vault is a throw-away one, its key a file; its sessions are recorded by rec itself, most of them a
line long, one with so many typed commands, one with so many megabytes of output; or, for paint, keys
and search, the one that `cargo bench --bench vault -- make DIR` made, and for day the one of
`cargo bench --bench vault -- long DIR`. Times are wall-clock and include the terminal: quote them with
the machine's load. Beside them stand what the program's threads took of a processor until then, and
how long they waited for one at most, which is the machine's share. Linux, standard library only.
"""
import argparse, fcntl, glob, json, os, pty, random, re, select, shutil, signal, statistics, struct
import subprocess, sys, tempfile, termios, time

# Words of the vault that the other bench makes: the few that are in every session, and rarer ones.
MADE = ["orders", "customers", "payments", "invoices", "shipments", "select", "deploy", "status"]
WORDS = ("select update delete orders status stuck users payments report index vacuum where limit "
         "timeout deploy kernel retry commit analyze session export invoice customer").split()


# Seconds that anything is waited for: a view that draws on and on, or a program that does not end,
# ends the measuring.
PATIENCE = 60


class Cost:
    """What something took of a processor, and how long it waited for one."""

    def __init__(self, ran, waited, wall=None):
        self.ran, self.waited, self.wall = ran, waited, wall

    def after(self, wall):
        return Cost(self.ran, self.waited, wall)


class View:
    """rec on a terminal of 100 by 30."""

    def __init__(self, argv, env):
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.used = (0, 0)

    def spent(self):
        """What the program's threads took of a processor and what they waited for one, in seconds,
        since this was asked last."""
        used = (0, 0)
        for name in glob.glob(f"/proc/{self.pid}/task/*/schedstat"):
            try:
                ran, waited, _ = open(name).read().split()
            except (OSError, ValueError):
                continue
            used = (used[0] + int(ran) / 1e9, used[1] + int(waited) / 1e9)
        before, self.used = self.used, used
        return Cost(max(0, used[0] - before[0]), max(0, used[1] - before[1]))

    def read(self):
        """What was drawn; nothing once the program has ended."""
        try:
            return os.read(self.fd, 65536)
        except OSError:
            return b""

    def until(self, wanted, limit=PATIENCE):
        """Reads until `wanted` (a regular expression) has come; seconds since the call."""
        start = time.perf_counter()
        got = b""
        while time.perf_counter() - start < limit:
            if select.select([self.fd], [], [], 0.5)[0]:
                drawn = self.read()
                if not drawn:
                    raise SystemExit(f"rec ended before {wanted} came: {plain(got)[-400:]!r}")
                got += drawn
                if re.search(wanted, plain(got)):
                    return time.perf_counter() - start
        raise SystemExit(f"{wanted} did not come in {limit} s: {plain(got)[-400:]!r}")

    def quiet(self, seconds=0.3):
        """Reads until nothing was drawn for so long."""
        start = time.perf_counter()
        drawn = b""
        while select.select([self.fd], [], [], seconds)[0]:
            last = self.read()
            if not last:
                return
            drawn = (drawn + last)[-4000:]
            if time.perf_counter() - start > PATIENCE + seconds:
                raise SystemExit(f"it still draws after {PATIENCE} s: {plain(drawn)[-400:]!r}")

    def key(self, keys):
        """Seconds from a key to the first thing that it draws; what is still drawn for the key before
        it is not taken for that."""
        self.quiet(0.06)
        self.spent()
        start = time.perf_counter()
        os.write(self.fd, keys)
        if not select.select([self.fd], [], [], 1)[0]:
            return None
        if not self.read():
            raise SystemExit(f"rec ended at the key {keys!r}")
        wall = time.perf_counter() - start
        return self.spent().after(wall)

    def came(self, keys, wanted):
        """What it costs from a key until `wanted` was drawn; from the start without a key."""
        start = self.began
        if keys:
            self.quiet(0.06)
            self.spent()
            start = time.perf_counter()
            os.write(self.fd, keys)
        self.until(wanted)
        wall = time.perf_counter() - start
        return self.spent().after(wall)

    def hits(self, letter):
        """Seconds from a letter to the first hits that are drawn for it: only what differs from the
        frame before is, so more than the letter and a word on the title; where nothing else came, to
        the last thing that did."""
        self.spent()
        start = time.perf_counter()
        os.write(self.fd, letter)
        last = None
        while select.select([self.fd], [], [], 0.6)[0]:
            drawn = self.read()
            last = time.perf_counter() - start
            if not drawn:
                raise SystemExit(f"rec ended at the letter {letter!r}")
            if len(plain(drawn)) > 40 or last > PATIENCE:
                break
        cost = None if last is None else self.spent().after(last)
        self.quiet(0.3)
        return cost

    def end(self):
        os.write(self.fd, b"\x03")
        self.quiet(0.2)
        self.gone()

    def gone(self):
        """Waits for the program's end, but not for ever."""
        os.close(self.fd)
        until = time.perf_counter() + PATIENCE
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.perf_counter() > until:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise SystemExit(f"rec did not end in {PATIENCE} s")
            time.sleep(0.01)


def plain(data):
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", data)


def told(name, costs):
    lost = sum(cost is None for cost in costs)
    costs = [cost for cost in costs if cost is not None]
    if not costs:
        print(f"{name:28} nothing is drawn", flush=True)
        return
    def at(part, share):
        times = sorted(getattr(cost, part) * 1000 for cost in costs)
        return times[min(len(times) - 1, int(len(times) * share))]
    print(f"{name:28} n {len(costs):4}  p50 {at('wall', 0.5):7.1f} ms  p99 {at('wall', 0.99):7.1f} ms  "
          f"max {at('wall', 1):7.1f} ms   cpu p50 {at('ran', 0.5):5.1f}  p99 {at('ran', 0.99):5.1f}  "
          f"waited p99 {at('waited', 0.99):5.1f}" + (f"  ({lost} drew nothing)" if lost else ""), flush=True)


def keys(view, name, keys):
    told(name, [view.key(key) for key in keys])


def typed_session(rec, env, rng, count):
    """A shell in which so many commands are typed."""
    view = View([rec, "bash", "--norc", "-i"], {**env, "PS1": "$ "})
    view.quiet(1)
    for _ in range(count):
        os.write(view.fd, f"echo {' '.join(rng.choice(WORDS) for _ in range(5))}\r".encode())
        view.quiet(0.05)
    os.write(view.fd, b"exit\r")
    view.quiet(1)
    view.gone()


def long_session(rec, env, home, rng, mb):
    """One session of so many megabytes of coloured lines."""
    name = home + "/long.txt"
    with open(name, "w") as out:
        size = n = 0
        while size < mb * 1_000_000:
            n += 1
            words = " ".join(rng.choice(WORDS) for _ in range(10))
            size += out.write(f"\x1b[3{n % 8}m{n:9d}\x1b[0m {words}\n")
    view = View([rec, "cat", name], env)
    os.set_blocking(view.fd, True)
    while True:
        try:
            if not os.read(view.fd, 1 << 20):
                break
        except OSError:
            break
    view.gone()
    os.remove(name)


def day(rec, env):
    """Opening the session of a day, and jumps in it."""
    def often(name, argv, steps):
        """Starts it again and again; costs of each step."""
        found = []
        for _ in range(15):
            view = View([rec, *argv], env)
            found.append([view.came(*step) for step in steps])
            view.end()
        for place, costs in enumerate(zip(*found)):
            told(f"{name}{['', ' then'][place > 0]}", costs)
    screen = rb"0:0[0-9]/"
    often("play, its first screen", ["play", "@last"], [(None, screen)])
    often("play --at 12h", ["play", "@last", "--at", "12h"], [(None, rb"12:00:[0-9]+/")])
    often("browser, its list", [], [(None, rb"q leave")])
    often("browser, its commands", [], [(None, rb"0:20 ")])
    often("browser, played", [], [(None, rb"q leave"), (b" ", screen)])
    # Jumps while it is read, each in a player of its own.
    times = []
    for tenth in b"123456789":
        view = View([rec, "play", "@last"], env)
        view.until(screen)
        view.key(b" ")
        times.append(view.hits(bytes([tenth])))
        view.end()
    told("tenths, while it is read", times)
    view = View([rec, "play", "@last", "--keep-idle"], env)
    view.until(screen)
    start = time.perf_counter()
    os.write(view.fd, b" G")
    # While the recording is being read its status line says how far.
    view.quiet(3)
    print(f"a day is read after {time.perf_counter() - start - 3:.1f} s", flush=True)
    told("tenths", [view.key(b"%d" % (1 + n * 7 % 9)) for n in range(100) if not view.quiet(0.2)])
    rng = random.Random(4711)
    def to(hours, seconds):
        os.write(view.fd, b"t"); view.quiet(0.1)
        os.write(view.fd, b"%d:%02d:%02d" % (hours, seconds // 60, seconds % 60)); view.quiet(0.1)
        return view.hits(b"\r")
    told("any time", [to(rng.randrange(24), rng.randrange(3600)) for _ in range(100)])
    told("commands", [view.key(rng.choice([b"]", b"["])) for _ in range(60)])
    view.end()


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--rec", default="target/release/rec")
    args.add_argument("--sessions", type=int, default=1_000)
    args.add_argument("--typed", type=int, default=200)
    args.add_argument("--mb", type=int, default=1_000)
    args.add_argument("--made")
    args.add_argument("--day")
    args.add_argument("tests", nargs="*")
    args = args.parse_args()
    rec = os.path.abspath(args.rec)
    tests = args.tests or (["day"] if args.day else ["paint", "keys", "search", "seek"])
    home = tempfile.mkdtemp(prefix="rec-bench-")
    env = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm-256color", "TZ": "UTC",
           "REC_VAULT": home + "/vault", "REC_CONFIG": home + "/config.toml",
           "XDG_STATE_HOME": home + "/state", "XDG_RUNTIME_DIR": home, "LANG": "C.UTF-8"}
    def within(made):
        made = os.path.abspath(made)
        return {**env, "REC_VAULT": made + "/vault", "REC_CONFIG": made + "/config/config.toml",
                "XDG_STATE_HOME": made + "/state", "XDG_RUNTIME_DIR": made + "/run"}
    if "day" in tests and not args.day:
        raise SystemExit("day wants --day DIR, which `cargo bench --bench vault -- long DIR` makes")
    long_env = within(args.day) if args.day else None
    if args.made:
        env = within(args.made)
        tests = [test for test in tests if test != "seek"]
    open(home + "/config.toml", "w").write("[browser]\nmouse = false\n")
    rng = random.Random(4711)
    run = lambda *words: subprocess.run([rec, *words], env=env, check=True, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
    print("load", os.getloadavg(), flush=True)
    try:
        if args.made:
            # The index is there, as after a first search.
            run("ls")
        elif set(tests) - {"day"}:
            run("init", "--key", "file")
        if "day" in tests:
            # A vault is made ready for reading by the first who reads it.
            subprocess.run([rec, "ls"], env=long_env, check=True, stdout=subprocess.DEVNULL)
            day(rec, long_env)
        if not args.made and set(tests) & {"paint", "keys", "search"}:
            start = time.perf_counter()
            for n in range(args.sessions):
                run("run", "--always", "--", "echo", rng.choice(WORDS), str(n))
            typed_session(rec, env, rng, args.typed)
            print(f"made {args.sessions} sessions in {time.perf_counter() - start:.0f} s", flush=True)
        if "paint" in tests:
            times = []
            for _ in range(100):
                view = View([rec], env)
                times.append(view.came(None, rb"Sessions"))
                view.end()
            told("first paint", times)
        if set(tests) & {"keys", "search"}:
            view = View([rec], env)
            view.until(rb"q leave")
            view.quiet(3)
        if "keys" in tests:
            keys(view, "browser, list", [b"j"] * 60 + [b"k"] * 60)
            keys(view, "browser, page", [b"\x06"] * 40 + [b"\x02"] * 40)
            keys(view, "browser, sort", [b"o"] * 12)
            view.key(b"/"); view.quiet(0.5)
            keys(view, "browser, filter", [b"d", b"b", b"-", b"4", b"\x15"] * 8)
            view.key(b"\x1b"); view.quiet(1)
            view.key(b"\r"); view.quiet(1)
            keys(view, "commands, list", [b"j"] * 60 + [b"k"] * 50)
            keys(view, "commands, tabs", [b"t"] * 40)
            for name, open_it, moves, leave in [
                    ("palette", b":", [b"\x0e"] * 30, b"\x1b"), ("help", b"?", [b"j", b"k"] * 20, b"q"),
                    ("facets", b"f", [b"j", b"k"] * 20, b"q"), ("export", b"e", [b"j", b"k"] * 20, b"q")]:
                view.key(open_it); view.quiet(1.5)
                keys(view, name, moves)
                view.key(leave); view.quiet(0.7)
            view.key(b"v"); view.key(b"j"); view.key(b"c"); view.quiet(2)
            keys(view, "compare", [b"="] * 30)
            view.key(b"q"); view.quiet(0.7)
            told("runs of a statement, first", [view.hits(b"r")])
            view.quiet(2)
            keys(view, "runs, list", [b"j"] * 20 + [b"k"] * 20)
            view.key(b"c"); view.quiet(2)
            keys(view, "compare, two runs", [b"=", b"l", b"h"] * 10)
            view.key(b"q"); view.quiet(0.7)
            view.key(b"q"); view.quiet(0.7)
            # What plays draws on and on; a second space pauses it.
            view.key(b" "); view.key(b" "); view.quiet(1)
            keys(view, "player", [b"]", b".", b"+", b"-", b"i", b"]"] * 8)
            # How deep it is by now depends on what the vault holds.
            view.end()
            view = View([rec], env)
            view.until(rb"q leave")
            view.quiet(1)
            view.key(b"i"); view.quiet(20 if args.made or args.sessions > 1000 else 3)
            keys(view, "insights, list", [b"j"] * 30 + [b"k"] * 29)
            keys(view, "insights, tab", [b"\t"] * 40)
            view.key(b"q"); view.quiet(1)
        if "search" in tests:
            view.key(b"s"); view.quiet(0.5)
            os.write(view.fd, b"warm up"); view.quiet(10)
            times = []
            for _ in range(20):
                word = rng.choice(MADE if args.made else WORDS)
                os.write(view.fd, b"\x15"); view.quiet(0.4)
                for n, c in enumerate(word.encode()):
                    hit = view.hits(bytes([c]))
                    if n < 2:
                        continue
                    times.append(hit)
            told("search as you type", times)
            # A letter while the search for the one before is at work.
            times = []
            for _ in range(20):
                word = rng.choice(MADE if args.made else WORDS)
                os.write(view.fd, b"\x15"); view.quiet(0.4)
                for c in word[:-1].encode():
                    os.write(view.fd, bytes([c]))
                    time.sleep(0.015)
                view.quiet(0)
                times.append(view.hits(word[-1:].encode()))
            told("search, typed fast", times)
            view.key(b"\x15"); os.write(view.fd, b"orders"); view.quiet(2)
            keys(view, "search, list", [b"\x0e"] * 40 + [b"\x10"] * 39)
        if set(tests) & {"keys", "search"}:
            view.end()
        if "seek" in tests:
            long_session(rec, env, home, rng, args.mb)
            view = View([rec, "play", "@last", "--keep-idle"], env)
            view.until(rb"play")
            start = time.perf_counter()
            os.write(view.fd, b" G")
            # While the recording is being read its status line says how far.
            view.quiet(3)
            print(f"read {args.mb} MB in {time.perf_counter() - start - 3:.1f} s", flush=True)
            view.quiet(2)
            times = [view.key(b"%d" % (1 + n * 7 % 9)) for n in range(100) if not view.quiet(0.2)]
            told(f"seek in {args.mb} MB", times)
            view.end()
    finally:
        shutil.rmtree(home, ignore_errors=True)


main()
