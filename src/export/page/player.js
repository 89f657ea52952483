"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const recording = JSON.parse(byId("recording").textContent);
  const { rows, frames, commands, marks, until } = recording;
  const KEYFRAME_EVERY = 250;
  const IDLE_MAX = 2000;
  const CLASSES = ["b", "f", "i", "u", "s"];

  // Where the rows stand at each 250th frame, so that a seek applies few of them.
  const keyframes = [];
  const apply = (screen, frame) => {
    if (screen.cols !== frame[1] || screen.rows !== frame[2]) {
      screen.cols = frame[1];
      screen.rows = frame[2];
      screen.shown = new Array(frame[2]).fill(-1);
    }
    screen.cursor = [frame[3], frame[4]];
    for (let i = 5; i < frame.length; i += 2) screen.shown[frame[i]] = frame[i + 1];
  };
  const blank = () => ({ cols: 0, rows: 0, shown: [], cursor: [-1, 0] });
  const pass = blank();
  frames.forEach((frame, n) => {
    if (n % KEYFRAME_EVERY === 0) keyframes.push({ ...pass, shown: pass.shown.slice(), cursor: pass.cursor });
    apply(pass, frame);
  });

  let screen = blank();
  let place = -1; // the last frame applied
  let now = 0;
  let playing = false;
  let speed = 1;
  let selected = -1;
  let drawn = [];

  const clock = (ms) => {
    const s = Math.floor(ms / 1000);
    const two = (n) => String(n).padStart(2, "0");
    const h = Math.floor(s / 3600);
    const m = Math.floor(s / 60) % 60;
    return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  };

  const frameAt = (ms) => {
    let low = 0;
    let high = frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (frames[middle][0] <= ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  const goTo = (target) => {
    if (target < place || target - place > KEYFRAME_EVERY) {
      const from = Math.max(0, Math.floor(target / KEYFRAME_EVERY));
      const start = keyframes[from];
      if (start) {
        screen = { ...start, shown: start.shown.slice() };
        place = from * KEYFRAME_EVERY - 1;
      }
    }
    while (place < target) apply(screen, frames[++place]);
  };

  const fill = (element, row) => {
    element.textContent = "";
    for (const [text, cells, fg, bg, attributes] of rows[row] || []) {
      const span = document.createElement("span");
      span.textContent = text;
      span.style.width = `${cells}ch`;
      if (fg) span.style.color = fg;
      if (bg) span.style.backgroundColor = bg;
      CLASSES.forEach((name, bit) => {
        if (attributes & (1 << bit)) span.classList.add(name);
      });
      element.append(span);
    }
  };

  const fit = () => {
    const box = byId("screen");
    const room = box.clientWidth - 20;
    const probe = document.createElement("span");
    probe.textContent = "0".repeat(20);
    box.append(probe);
    const size = parseFloat(getComputedStyle(box).fontSize);
    const ratio = probe.getBoundingClientRect().width / 20 / size;
    probe.remove();
    if (screen.cols > 0 && ratio > 0) {
      box.style.fontSize = `${Math.max(6, Math.min(16, room / (screen.cols * ratio)))}px`;
    }
  };

  let sized = "";
  const draw = () => {
    const holder = byId("rows");
    const size = `${screen.cols}x${screen.rows}`;
    if (size !== sized) {
      sized = size;
      holder.textContent = "";
      drawn = [];
      for (let y = 0; y < screen.rows; y++) {
        const row = document.createElement("div");
        row.className = "row";
        holder.append(row);
      }
      fit();
    }
    for (let y = 0; y < screen.rows; y++) {
      if (drawn[y] !== screen.shown[y]) {
        fill(holder.children[y], screen.shown[y]);
        drawn[y] = screen.shown[y];
      }
    }
    const cursor = byId("cursor");
    cursor.hidden = screen.cursor[0] < 0;
    cursor.style.left = `calc(10px + ${screen.cursor[0]}ch)`;
    cursor.style.top = `calc(10px + ${screen.cursor[1]} * 1.25em)`;
    byId("time").textContent = `${clock(now)} / ${clock(until)}`;
    byId("seek").value = now;
    let current = -1;
    commands.forEach((command, n) => {
      if (command.at <= now) current = n;
    });
    [...byId("commands").children].forEach((item, n) => item.classList.toggle("now", n === current));
  };

  const seek = (ms) => {
    now = Math.max(0, Math.min(until, ms));
    goTo(frameAt(now));
    draw();
  };

  const setPlaying = (on) => {
    if (on && now >= until) seek(0);
    playing = on;
    byId("play").textContent = on ? "\u2016" : "\u25b6";
    byId("play").setAttribute("aria-label", on ? "Pause" : "Play");
    last = performance.now();
  };

  let last = 0;
  const tick = (time) => {
    if (playing) {
      const passed = Math.max(0, time - last) * speed;
      last = time;
      const next = frames[place + 1];
      const due = next ? next[0] : until;
      const since = place >= 0 ? frames[place][0] : 0;
      if (byId("idle").checked && due - since > IDLE_MAX && now - since > IDLE_MAX) now = due;
      else now += passed;
      if (now >= until) {
        now = until;
        setPlaying(false);
      }
      goTo(frameAt(now));
      draw();
    }
    requestAnimationFrame(tick);
  };

  // The screen just before the next command's prompt has the whole output on it; the moment of
  // the command itself is where it begins.
  const select = (n) => {
    const command = commands[n];
    if (!command) return;
    selected = n;
    seek(command.at);
    byId("detail").hidden = false;
    byId("command").textContent = command.text;
    byId("output").textContent = command.output + (command.cut ? "\n\u2026" : "");
    const outcome = byId("outcome");
    outcome.classList.toggle("failed", command.failed);
    outcome.textContent = [command.took, command.outcome].filter(Boolean).join(", ");
    byId("said").textContent = "";
    byId("commands").children[n].scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const behind = commands.filter((command) => command.at < now - (by < 0 ? 1000 : 0));
    const ahead = commands.findIndex((command) => command.at > now);
    if (by > 0 && ahead >= 0) select(ahead);
    if (by < 0) select(Math.max(0, behind.length - 1));
  };

  const search = () => {
    const wanted = byId("search").value.toLowerCase();
    let found = 0;
    [...byId("commands").children].forEach((item, n) => {
      const command = commands[n];
      const hit = `${command.text}\n${command.output}`.toLowerCase().includes(wanted);
      item.hidden = !hit;
      found += hit ? 1 : 0;
      const text = item.querySelector(".text");
      const at = command.text.toLowerCase().indexOf(wanted);
      text.textContent = "";
      if (wanted && at >= 0) {
        const mark = document.createElement("mark");
        mark.textContent = command.text.slice(at, at + wanted.length);
        text.append(command.text.slice(0, at), mark, command.text.slice(at + wanted.length));
      } else text.textContent = command.text;
    });
    byId("found").textContent = wanted ? `${found} of ${commands.length} commands` : "";
  };

  const nextHit = () => {
    const items = [...byId("commands").children];
    for (let n = 1; n <= items.length; n++) {
      const place = (selected + n) % items.length;
      if (!items[place].hidden) return select(place);
    }
  };

  const copy = async (text, what) => {
    const say = (line) => {
      byId("said").textContent = line;
    };
    try {
      await navigator.clipboard.writeText(text);
      say(`copied the ${what}`);
    } catch {
      // A page from a file has no clipboard in some browsers, but may copy what is selected.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      say(done ? `copied the ${what}` : "this browser does not let the page copy");
    }
  };

  byId("title").textContent = recording.title;
  byId("began").textContent = recording.began;
  byId("seek").max = until;
  commands.forEach((command, n) => {
    const item = document.createElement("li");
    const at = document.createElement("span");
    at.className = "at";
    at.textContent = clock(command.at);
    const text = document.createElement("span");
    text.className = "text";
    text.textContent = command.text;
    item.append(at, text);
    item.title = command.text;
    item.tabIndex = 0;
    item.classList.toggle("failed", command.failed);
    item.addEventListener("click", () => select(n));
    item.addEventListener("keydown", (event) => {
      if (event.key === "Enter") select(n);
    });
    byId("commands").append(item);
  });
  const ticks = commands.map((c) => [c.at, c.failed ? "failed" : ""]);
  for (const [at, kind] of [...ticks, ...marks.map((m) => [m.at, m.kind])]) {
    const tickMark = document.createElement("i");
    if (kind) tickMark.className = kind;
    tickMark.style.left = `${until > 0 ? (at / until) * 100 : 0}%`;
    byId("ticks").append(tickMark);
  }
  byId("play").addEventListener("click", () => setPlaying(!playing));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
  byId("speed").addEventListener("change", (event) => {
    speed = Number(event.target.value);
  });
  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextHit();
    if (event.key === "Escape") byId("screen").focus();
  });
  byId("copy-command").addEventListener("click", () => copy(commands[selected].text, "command"));
  byId("copy-output").addEventListener("click", () => copy(commands[selected].output, "output"));
  window.addEventListener("resize", fit);
  document.addEventListener("keydown", (event) => {
    const tag = event.target.tagName;
    if (tag === "INPUT" || tag === "SELECT" || event.ctrlKey || event.altKey || event.metaKey) return;
    const keys = {
      " ": () => tag !== "BUTTON" && setPlaying(!playing),
      ArrowRight: () => seek(now + 5000),
      ArrowLeft: () => seek(now - 5000),
      "]": () => step(1),
      "[": () => step(-1),
      n: nextHit,
      "/": () => byId("search").focus(),
    };
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  // Until something is played the first screen with text on it stands for the recording.
  const poster = () => {
    const written = () => screen.shown.some((row) => (rows[row] || []).some(([text]) => text.trim() !== ""));
    seek(0);
    while (!written() && place + 1 < frames.length) goTo(place + 1);
    if (written()) draw();
    else seek(0);
  };

  poster();
  requestAnimationFrame(tick);
})();
