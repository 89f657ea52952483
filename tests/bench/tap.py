#!/usr/bin/env python3
"""What rec's tap costs a PostgreSQL client, beside socat on the same leg, in paired rounds.

    tests/bench/tap.py [--rec target/release/rec] [--rounds 5] [--seconds 4] [TEST ...]

Tests: c1 and c8 (pgbench -S with one client and with eight, simple and prepared), tls (c1 and c8
with TLS to the server; socat's own OpenSSL does it there, see STARTTLS), bulk (a SELECT of 200 MB), start (from
the client's start to its first answer). The server is a private PostgreSQL on this machine, reached
over TCP; client and relay talk over a unix socket, in both cases. Ratios are taken within a round,
the order within it alternates, and their median is printed: machines are noisy.
Needs PostgreSQL, pgbench, socat, openssl and gcc; as root it runs the server as the user postgres.
"""
import argparse, glob, json, os, re, shutil, signal, socket, statistics, subprocess, tempfile, time

# socat speaks TLS from the first byte on, PostgreSQL wants to be asked first. Loaded into socat, this
# asks as soon as a connection to a server stands, and costs nothing afterwards.
STARTTLS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int connect(int fd, const struct sockaddr *to, socklen_t length) {
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    int status = next(fd, to, length);
    char answer = 0;
    if (status == 0 && to->sa_family == AF_INET &&
        (write(fd, "\0\0\0\x08\x04\xd2\x16\x2f", 8) != 8 || read(fd, &answer, 1) != 1 ||
         answer != 'S')) {
        errno = EPROTO;
        return -1;
    }
    return status;
}
"""
SQL_BULK = "select i, md5(i::text) || md5((i * 7)::text) || repeat('x', 128) from generate_series(1, {n}) i"


def binary(name):
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join(places + [os.environ["PATH"]]))
    if not found:
        raise SystemExit(f"{name} is missing")
    return found


class Server:
    """A private PostgreSQL with TLS, its socket beside its data."""

    def __init__(self, scale):
        self.dir = tempfile.mkdtemp(prefix="rec-bench-")
        self.data = f"{self.dir}/data"
        os.chmod(self.dir, 0o755)
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.dir, "postgres", "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync")
        key, crt = f"{self.data}/server.key", f"{self.data}/server.crt"
        subprocess.run(self.as_user + ["openssl", "req", "-x509", "-nodes", "-newkey", "ec",
                       "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost",
                       "-keyout", key, "-out", crt], check=True, capture_output=True, cwd="/")
        self.run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.dir}/log", "start", "-o",
                 f"-p {self.port} -c unix_socket_directories={self.dir} -c ssl=on -c fsync=off "
                 "-c shared_buffers=256MB -c max_connections=50")
        subprocess.run(["pgbench", "-i", "-q", "-s", str(scale), "-h", self.dir, "-p",
                        str(self.port), "-U", "postgres", "postgres"],
                       check=True, capture_output=True)

    def run(self, name, *words):
        subprocess.run(self.as_user + [binary(name), *words], check=True, cwd="/",
                       stdout=subprocess.DEVNULL)

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.dir)


class Bench:
    def __init__(self, args):
        self.args = args
        self.home = tempfile.mkdtemp(prefix="rec-bench-home-")
        self.env = dict(os.environ, HOME=self.home)
        for name in ("DATA", "CONFIG", "STATE"):
            path = f"{self.home}/{name.lower()}"
            os.mkdir(path, 0o700)
            self.env[f"XDG_{name}_HOME"] = path
        # In memory, as a login's is; on a disk each socket may cost a millisecond.
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.runtime = tempfile.mkdtemp(prefix="rec-bench-", dir=memory)
        self.env["XDG_RUNTIME_DIR"] = self.runtime
        for name in list(self.env):
            if name.startswith(("PG", "REC_")):
                del self.env[name]
        subprocess.run([args.rec, "init", "--key", "file"], env=self.env, check=True,
                       capture_output=True)
        self.server = Server(10)
        self.leg = f"{self.home}/leg"
        os.mkdir(self.leg)
        self.starttls = f"{self.home}/starttls.so"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", self.starttls, "-xc", "-", "-ldl"],
                       input=STARTTLS.encode(), check=True)

    def socat(self, tls, size=8192):
        port = self.server.port
        leg = f"UNIX-LISTEN:{self.leg}/.s.PGSQL.{port},fork,backlog=64"
        there, env = f"TCP:127.0.0.1:{port},nodelay", os.environ
        if tls:
            there = f"OPENSSL:127.0.0.1:{port},nodelay,verify=0"
            env = dict(env, LD_PRELOAD=self.starttls)
        relay = subprocess.Popen(["socat", "-b", str(size), leg, there], env=env)
        while not os.path.exists(f"{self.leg}/.s.PGSQL.{port}"):
            time.sleep(0.01)
        return relay

    def words(self, way, tls):
        """Words in front of the client, and where it connects."""
        mode = "require" if tls else "disable"
        host = self.leg if way == "socat" else "127.0.0.1"
        info = f"host={host} port={self.server.port} user=postgres dbname=postgres sslmode={mode}"
        return ([self.args.rec, "run", "--always", "--"] if way == "rec" else []), info

    def client(self, way, words, tls=False, size=8192, out=None):
        front, info = self.words(way, tls)
        relay = self.socat(tls, size) if way == "socat" else None
        try:
            began = time.perf_counter()
            argv = front + [info if word == "CONNINFO" else word for word in words]
            child = subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL,
                                     stdout=out or subprocess.PIPE, stderr=subprocess.PIPE)
            stdout, stderr = child.stdout and child.stdout.read(), child.stderr.read()
            _, status, used = os.wait4(child.pid, 0)
            took = time.perf_counter() - began
            if status:
                raise SystemExit(f"{argv}: {status}: {stderr.decode()}")
            return took, (stdout or b"").decode(), used
        finally:
            if relay:
                relay.send_signal(signal.SIGTERM)
                relay.wait()
                os.unlink(f"{self.leg}/.s.PGSQL.{self.server.port}") if os.path.exists(
                    f"{self.leg}/.s.PGSQL.{self.server.port}") else None

    def tps(self, way, mode, clients, tls):
        words = ["pgbench", "-n", "-S", "-M", mode, "-c", str(clients), "-j", "1", "-T",
                 str(self.args.seconds), "CONNINFO"]
        _, said, _ = self.client(way, words, tls)
        return float(re.search(r"tps = ([0-9.]+)", said).group(1))

    def check_tls(self):
        """Every way to the server is encrypted where it is to be, and none where not."""
        sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
        for way in ("direct", "socat", "rec"):
            for tls, wanted in ((False, "f"), (True, "t")):
                said = self.client(way, ["psql", "-XAtc", sql, "CONNINFO"], tls)[1].strip()
                if said != wanted:
                    raise SystemExit(f"{way}: tls={tls}, and the server says {said}")

    def pgbench(self, clients, tls=False):
        for mode in ("simple", "prepared"):
            rows = []
            ways = ["direct", "socat", "rec"]
            for number in range(self.args.rounds):
                order = ways if number % 2 == 0 else ways[::-1]
                rows.append({way: self.tps(way, mode, clients, tls) for way in order})
            name = f"{mode} c={clients}{' tls' if tls else ''}"
            self.report(name, rows, ways, "tps", higher=True)

    def report(self, name, rows, ways, unit, higher):
        line = [f"{name:22}"]
        for way in ways:
            values = [row[way] for row in rows]
            line.append(f"{way} {statistics.median(values):.6g} {unit}")
        for other in ways[:-1]:
            ratios = sorted(row["rec"] / row[other] for row in rows)
            line.append(f"rec/{other} {statistics.median(ratios):.2f} "
                        f"[{ratios[0]:.2f}-{ratios[-1]:.2f}]")
        print("  ".join(line), flush=True)

    def bulk(self):
        n = 1_000_000
        sql = SQL_BULK.format(n=n)
        ways, rows, peak = ["direct", "socat", "rec"], [], 0
        for number in range(self.args.rounds):
            row = {}
            for way in ways if number % 2 == 0 else ways[::-1]:
                with open("/dev/null", "wb") as null:
                    words = ["psql", "-XAt", "-o", "/dev/null", "-c", sql, "CONNINFO"]
                    row[way], _, used = self.client(way, words, size=65536, out=null)
                if way == "rec":
                    peak = max(peak, self.peak(words))
            rows.append(row)
        self.report("bulk 200 MB", rows, ways, "s", higher=False)
        shown = subprocess.run([self.args.rec, "show", "@last", "--json"], env=self.env,
                               check=True, capture_output=True).stdout
        statement = json.loads(shown)[0]["statements"][0]
        print(f"  rows told: {statement['rows']} of {n}; rec's peak memory: {peak:.0f} MiB")

    def peak(self, words):
        """The peak memory of rec itself, by the kernel's own count while it runs."""
        front, info = self.words("rec", False)
        argv = front + [info if word == "CONNINFO" else word for word in words]
        child = subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        most = 0
        while child.poll() is None:
            try:
                with open(f"/proc/{child.pid}/status") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            most = max(most, int(line.split()[1]))
            except OSError:
                pass
            time.sleep(0.02)
        return most / 1024

    def start(self):
        """Seconds from the start to the end of one query; the vault's part is measured by `sh`."""
        query = ["psql", "-XAtc", "select 1", "CONNINFO"]
        nothing = ["psql", "-XAtc", "select 1", "sslmode=disable host=" + self.server.dir
                   + f" port={self.server.port} user=postgres requirepeer=postgres"]
        rows = []
        for _ in range(max(20, self.args.rounds * 4)):
            direct = self.client("direct", query)[0]
            untapped = self.client("rec", nothing)[0]
            tapped = self.client("rec", query)[0]
            rows.append((direct, untapped, tapped))
        direct, untapped, tapped = (statistics.median(column) * 1000 for column in zip(*rows))
        print(f"start: direct {direct:.1f} ms, rec without a tap {untapped:.1f} ms, "
              f"rec with a tap {tapped:.1f} ms: the tap adds {tapped - untapped:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rec", default="target/release/rec")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("tests", nargs="*", default=["c1", "c8", "tls", "bulk", "start"])
    args = parser.parse_args()
    args.rec = os.path.abspath(args.rec)
    bench = Bench(args)
    try:
        for test in args.tests:
            if test in ("c1", "c8"):
                bench.pgbench(int(test[1:]))
            elif test == "tls":
                bench.check_tls()
                bench.pgbench(1, tls=True)
                bench.pgbench(8, tls=True)
            elif test == "bulk":
                bench.bulk()
            elif test == "start":
                bench.start()
            else:
                raise SystemExit(f"no test {test}")
    finally:
        bench.server.stop()
        shutil.rmtree(bench.home)
        shutil.rmtree(bench.runtime)


main()
