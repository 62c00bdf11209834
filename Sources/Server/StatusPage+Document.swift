extension StatusPage {
  /// Self-contained: nothing is loaded from elsewhere, and numbers go in as text, never as markup.
  static let document = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>retrain</title>
    <style>
      :root { color-scheme: light dark; --line: #8884; --dim: #888; --good: #2a8a4a; --bad: #c0392b }
      body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
      h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
      .dim { color: var(--dim) } .good { color: var(--good) } .bad { color: var(--bad) }
      .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin-top: 1.5rem }
      .card { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem }
      .card b { display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums }
      table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
      th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--line); font-weight: 400 }
      th { color: var(--dim) } th:first-child, td:first-child { text-align: left }
    </style>
    </head>
    <body>
    <h1 id="pipeline">retrain</h1>
    <p id="state" class="dim" role="status">asking …</p>
    <p id="models"></p>
    <div class="cards">
      <div class="card">stable version<b id="version">–</b></div>
      <div class="card">canary<b id="canary">–</b></div>
      <div class="card">requests<b id="requests">–</b></div>
      <div class="card">requests a second<b id="rate">–</b></div>
      <div class="card">failures<b id="failures">–</b></div>
      <div class="card">non-finite, held back<b id="non_finite">–</b></div>
    </div>
    <h2>Activation health of the version, by layer</h2>
    <table><thead><tr><th>layer</th><th>zero</th><th>saturated</th><th>dead units</th><th>non-finite</th>
    <th>gradient norm</th></tr></thead><tbody id="health"></tbody></table>
    <h2>Versions served by this process</h2>
    <table><thead><tr><th>version</th><th>requests</th><th>non-finite</th></tr></thead><tbody id="versions"></tbody></table>
    <p class="dim">Ask <a href="/v2">/v2</a> (Open Inference Protocol), <a href="/metrics">/metrics</a>,
    <a href="/status.json">/status.json</a>.</p>
    <script>
      const at = id => document.getElementById(id);
      const show = (id, value) => { at(id).textContent = value ?? "–" };
      const percent = value => value == null ? "–" : (100 * value).toFixed(1) + " %";
      const rows = (id, list) => at(id).replaceChildren(...list.map(cells => {
        const row = document.createElement("tr");
        for (const cell of cells) row.appendChild(document.createElement("td")).textContent = cell ?? "–";
        return row;
      }));
      let last;
      async function refresh() {
        try {
          const now = performance.now(), all = await (await fetch("/status.json", { cache: "no-store" })).json();
          // A server of several models shows one, and leads to the others.
          const list = all.models ?? [all], wanted = decodeURIComponent(location.hash.slice(1));
          const s = list.find(m => m.pipeline === wanted) ?? list[0];
          if (last && last.pipeline !== s.pipeline) last = null;
          if (list.length > 1) at("models").replaceChildren(...list.map(m => {
            const link = document.createElement("a");
            link.href = "#" + encodeURIComponent(m.pipeline);
            link.textContent = `${m.pipeline}: ${m.ready ? "version " + m.version : "not ready"}, ${m.requests} requests`;
            link.style.marginRight = "1.5rem";
            return link;
          }));
          show("pipeline", s.pipeline);
          at("state").className = s.ready ? "good" : "bad";
          show("state", s.ready
            ? `ready at ${s.address} · checkpoint ${s.checkpoint} · stable since ${s.stable_since}` +
              (s.registry ? "" : " · the registry cannot be reached")
            : "not ready: no stable version yet");
          for (const key of ["version", "canary", "requests", "failures", "non_finite"]) show(key, s[key]);
          if (last) show("rate", (1000 * (s.requests - last.requests) / (now - last.now)).toFixed(1));
          last = { now, requests: s.requests, pipeline: s.pipeline };
          rows("health", s.health.map(l => [l.layer, percent(l.zero), percent(l.saturated), l.dead_units, l.non_finite,
            l.gradient_norm == null ? "–" : l.gradient_norm.toPrecision(3)]));
          rows("versions", s.versions.map(v => [v.version, v.requests, v.non_finite]));
        } catch {
          at("state").className = "bad";
          show("state", "the server does not answer");
        }
      }
      refresh();
      addEventListener("hashchange", refresh);
      setInterval(refresh, 2000);
    </script>
    </body>
    </html>
    """#
}
