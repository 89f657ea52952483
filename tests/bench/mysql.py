#!/usr/bin/env python3
"""What rec's tap costs a MySQL client, beside socat on the same leg, in paired rounds.

    tests/bench/mysql.py [--rec target/release/rec] [--rounds 5] [--seconds 4] [TEST ...]

Tests: point1, point8, read1, read8 (sysbench's oltp_point_select and oltp_read_only with one thread
and with eight; text and prepared), bulk (a result of 200 MB). The server is a private MariaDB on
this machine, reached over TCP; client and relay talk over a unix socket, in both cases; rec records.
Ratios are taken within a round, the order within it alternates, and their median is printed:
machines are noisy. Needs mariadb-server, mariadb-client, sysbench and socat; as root it runs the
server as the user mysql.
"""
import argparse, os, re, shutil, signal, socket, statistics, subprocess, tempfile, time

OLTP = {"point": "oltp_point_select", "read": "oltp_read_only"}
BULK = "select seq, repeat('x', 200) from seq_1_to_1000000"


class Server:
    """A private MariaDB."""

    def __init__(self):
        for name in ("mariadbd", "mariadb-install-db", "mariadb", "sysbench", "socat"):
            if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin"):
                raise SystemExit(f"{name} is missing")
        self.dir = tempfile.mkdtemp(prefix="rec-bench-")
        os.chmod(self.dir, 0o755)
        as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.dir, "mysql", "mysql")
            as_user = ["setpriv", "--reuid=mysql", "--regid=mysql", "--clear-groups"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.socket = f"{self.dir}/s"
        subprocess.run(as_user + ["mariadb-install-db", "--no-defaults", "--skip-test-db",
                       "--auth-root-authentication-method=normal", f"--datadir={self.dir}/data"],
                       check=True, capture_output=True, cwd="/")
        self.process = subprocess.Popen(
            as_user + [shutil.which("mariadbd", path="/usr/sbin:/usr/libexec"), "--no-defaults",
                       f"--datadir={self.dir}/data", f"--socket={self.socket}", "--skip-name-resolve",
                       "--bind-address=127.0.0.1", f"--port={self.port}", "--innodb-use-native-aio=0",
                       "--innodb-flush-log-at-trx-commit=0", f"--pid-file={self.dir}/pid"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        sql = "create database sbtest; create user bench@'%'; grant all on *.* to bench@'%'"
        while subprocess.run(["mariadb", "--no-defaults", "-uroot", f"-S{self.socket}", "-e", sql],
                             capture_output=True).returncode:
            time.sleep(0.2)
        sysbench(self.socket, "oltp_point_select", 1, 1, "auto", "prepare")

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir)


def sysbench(path, test, threads, seconds, prepared, what="run"):
    words = ["sysbench", test, "--db-driver=mysql", f"--mysql-socket={path}", "--mysql-user=bench",
             "--mysql-host=localhost", "--tables=1", "--table-size=100000", f"--threads={threads}",
             f"--time={seconds}", f"--db-ps-mode={prepared}", "--report-interval=0", what]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = re.search(r"transactions:\s+\d+\s+\(([\d.]+) per sec", text)
    return float(found.group(1)) if found else 0.0


class Socat:
    name = "socat"

    def __init__(self, server, rec):
        self.dir = tempfile.mkdtemp(prefix="rec-bench-")
        self.socket = f"{self.dir}/s"
        self.process = subprocess.Popen(["socat", f"UNIX-LISTEN:{self.socket},fork",
                                         f"TCP:127.0.0.1:{server.port},nodelay"])
        while not os.path.exists(self.socket):
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir)


class Rec:
    name = "rec"

    def __init__(self, server, rec):
        self.dir = tempfile.mkdtemp(prefix="rec-bench-")
        env = dict(os.environ, HOME=self.dir, REC_VAULT=f"{self.dir}/vault")
        for name in ("CONFIG", "STATE", "CACHE", "RUNTIME"):
            path = f"{self.dir}/{name.lower()}"
            os.mkdir(path, 0o700)
            env[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = path
        subprocess.run([rec, "init", "--key", "file"], check=True, capture_output=True, env=env)
        target = f"mysql://127.0.0.1:{server.port}/?ssl-mode=DISABLED"
        self.process = subprocess.Popen([rec, "tap", target], env=env, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        lines = [self.process.stdout.readline() for _ in range(2)]
        self.socket = lines[-1].strip().split("socket=")[1]

    def stop(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            self.peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        shutil.rmtree(self.dir)


def bulk(path):
    begun = time.monotonic()
    subprocess.run(["mariadb", "--no-defaults", "-q", "-NB", "--skip-ssl", "-ubench", f"-S{path}",
                    "-e", BULK, "sbtest"], check=True, stdout=subprocess.DEVNULL)
    return 1 / (time.monotonic() - begun)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rec", default="target/release/rec")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("tests", nargs="*", metavar="TEST")
    args = parser.parse_args()
    tests = args.tests or ["point1", "point8", "read1", "read8", "bulk"]
    server = Server()
    try:
        for test in tests:
            modes = ["-"] if test == "bulk" else ["disable", "auto"]
            for mode in modes:
                measure(server, args, test, mode)
    finally:
        server.stop()


def measure(server, args, test, mode):
    ratios, rates, peaks = [], {"socat": [], "rec": []}, []
    for number in range(args.rounds):
        figures = {}
        for kind in [Socat, Rec][:: 1 if number % 2 else -1]:
            relay = kind(server, args.rec)
            if test == "bulk":
                figures[kind.name] = bulk(relay.socket)
            else:
                figures[kind.name] = sysbench(relay.socket, OLTP[test[:-1]], int(test[-1]),
                                              args.seconds, mode)
            relay.stop()
            peaks.append(getattr(relay, "peak", 0))
            rates[kind.name].append(figures[kind.name])
        ratios.append(figures["rec"] / figures["socat"])
    how = {"disable": "text", "auto": "prepared", "-": ""}[mode]
    low, high = min(ratios), max(ratios)
    medians = {name: statistics.median(rate) for name, rate in rates.items()}
    print(f"{test:7} {how:9} rec/socat {statistics.median(ratios):.2f} [{low:.2f}-{high:.2f}]  "
          f"socat {medians['socat']:.5g}/s  rec {medians['rec']:.5g}/s  "
          f"rec's peak {max(peaks):.0f} MB", flush=True)


if __name__ == "__main__":
    main()
