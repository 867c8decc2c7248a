"""The HTML of page.py: one page, its style and its script.

Loaded for a request, and dropped with its reply: see web.filled().
"""

HTML = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}}</title>
<style>
:root { --ink: #1b2b22; --paper: #f6f8f5; --card: #fff; --line: #d5ddd6; --soft: #5b6b61; --go: #1f7a4d; }
@media (prefers-color-scheme: dark) {
:root { --ink: #e2ebe4; --paper: #101613; --card: #18211c; --line: #2c3a32; --soft: #93a59a; --go: #5fd39a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: .2rem 0; }
h2 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, footer, .soft { color: var(--soft); }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; overflow: hidden; }
th, td { text-align: left; padding: .5rem .7rem; border-top: 1px solid var(--line); }
thead th { border: 0; font-weight: 600; color: var(--soft); font-size: .85rem; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.bound { color: var(--go); font-weight: 600; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: .4rem; padding: .1rem .6rem; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: .2rem 0; border-top: 1px solid var(--line); }
@media (max-width: 38rem) {
thead { display: none; }
tr { display: grid; grid-template-columns: 1fr auto; padding: .4rem 0; border-top: 1px solid var(--line); }
td { border: 0; padding: .1rem .7rem; }
td:nth-child(n+4) { text-align: right; }
td:nth-child(4) { grid-area: 1 / 2; }
td:nth-child(5) { grid-area: 2 / 2; }
td:nth-child(6) { grid-area: 3 / 2; }
td:first-child { font-weight: 600; }
}
</style>
</head>
<body data-base="{{base}}" id="page">
<span id="actions" hidden>{{actions}}</span>
<h1>{{title}}</h1>
<p id="pool">Loading ...</p>
<table>
<thead><tr><th>Device</th><th>Address</th><th>MAC</th><th>State</th><th>Time left</th><th></th></tr></thead>
<tbody id="devices"></tbody>
</table>
<h2>Last events</h2>
<ul id="events"></ul>
<h2>Counters</h2>
<p id="counters"></p>
<footer id="foot"></footer>
<noscript><p>This page needs JavaScript. The same data: <a href="devices.json">devices.json</a>.</p></noscript>
<script>
const $ = id => document.getElementById(id);
const base = $("page").dataset.base;
const actions = $("actions").textContent === "yes";
let password = "";
function span(s) {
  if (s === null) return "for ever";
  const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
  return d ? d + " d " + h + " h" : h ? h + " h " + m + " min" : m ? m + " min " + s % 60 + " s" : s + " s";
}
function cell(row, text, kind) {
  const td = row.insertCell();
  td.textContent = text;
  if (kind) td.className = kind;
  return td;
}
async function release(address) {
  password = password || prompt("Password") || "";
  const body = new URLSearchParams({ address, password });
  const reply = await fetch(base + "/release", { method: "POST", body });
  if (!reply.ok) { password = ""; alert(await reply.text()); }
  refresh();
}
function show(data) {
  const body = document.createElement("tbody");
  for (const one of data.devices) {
    const row = body.insertRow();
    cell(row, one.name || "(no name)");
    cell(row, one.address + (one.reserved ? " (reserved)" : ""), "number");
    cell(row, one.mac, "number soft");
    cell(row, one.state, one.state === "bound" ? "bound" : "");
    cell(row, span(one.left), "number");
    const last = cell(row, "");
    if (actions) {
      const button = document.createElement("button");
      button.textContent = "End lease";
      button.onclick = () => release(one.address);
      last.append(button);
    }
  }
  body.id = "devices";
  $("devices").replaceWith(body);
  $("events").replaceChildren(...data.events.map(one => {
    const li = document.createElement("li");
    li.textContent = span(one.ago) + " ago: " + one.kind + " " + (one.name || one.mac) + " " + one.address;
    return li;
  }));
  const pool = data.pool, sum = list => Object.entries(list).map(([k, v]) => k + " " + v).join(", ");
  $("pool").textContent = pool.leased + " of " + pool.addresses + " addresses leased, at most " + pool.most_leased + " at a time";
  const c = data.counters, drops = Object.fromEntries(Object.entries(c.drops).filter(([, v]) => v));
  $("counters").textContent = "Received: " + sum(c.received) + ". Sent: " + sum(c.sent) + ". Dropped: " + (sum(drops) || "nothing") + ".";
  $("foot").textContent = "Up " + span(data.seconds) + (data.heap === null ? "" : ", " + Math.round(data.heap / 1024) + " KB of heap free");
}
async function refresh() {
  try {
    show(await (await fetch(base + "/devices.json")).json());
  } catch {
    $("foot").textContent = "No answer from the board; trying again.";
  }
}
refresh();
setInterval(refresh, 3000);
</script>
</body>
</html>
"""
