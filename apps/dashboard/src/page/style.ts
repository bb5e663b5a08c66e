/** The only style sheet of our pages; sent inside the page and allowed by its hash. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#5b6676;--line:#dfe4ea;--link:#0a58ca;
--loaded:#1a7f4b;--on-loaded:#fff;--waiting:#d6e4f5;--on-waiting:#234a78;--expected:#e6e9ee;--on-expected:#5b6676;
--loading:#2f6fc4;--on-loading:#fff;--held:#7a4fb5;--on-held:#fff;--rejects:#ffb020;--failed:#c62f2f;--on-failed:#fff;--lost:#2b2f36;--on-lost:#fff}
@media (prefers-color-scheme:dark){:root{--page:#11151b;--card:#191f27;--ink:#e4e9f0;--soft:#98a4b3;--line:#2b333e;--link:#7db1ff;
--loaded:#2c9a61;--on-loaded:#06140c;--waiting:#22364f;--on-waiting:#a9c8ee;--expected:#2a313b;--on-expected:#98a4b3;
--loading:#4d8fe6;--on-loading:#081425;--held:#a17fd6;--on-held:#170c26;--rejects:#ffd166;--failed:#e5605f;--on-failed:#240606;--lost:#d5dae1;--on-lost:#15181d}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link)}
header,main,footer{max-width:1500px;margin:0 auto;padding:0 16px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 20px;padding-top:18px;padding-bottom:10px}
h1{font-size:20px;margin:0;letter-spacing:.01em}
header p{margin:0;color:var(--soft)}
header nav{margin-left:auto}
h2{font-size:15px;margin:0}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;margin:0 0 14px}
.head{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 14px;margin-bottom:10px}
.head p{margin:0;color:var(--soft);font-size:13px}
.head .ranges{margin-left:auto}
.ranges a,.ranges b{margin-left:10px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:0 0 14px;padding:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 16px}
.facts dt{color:var(--soft);font-size:13px}
.facts dd{margin:0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}
.facts small{font-size:13px;font-weight:400;color:var(--soft)}
.scroll{overflow-x:auto}
.from-end{direction:rtl}
.from-end table{direction:ltr;margin-right:auto;margin-left:0}
table{border-collapse:separate;border-spacing:0;font-variant-numeric:tabular-nums}
small{color:var(--soft);font-weight:400}
.calendar{border-spacing:2px;font-size:12px}
.calendar th{font-weight:400;color:var(--soft);text-align:center;padding:0;line-height:1.3}
.calendar thead th{font-size:9.5px}
.calendar thead tr:first-child th{font-size:11px;text-align:left;white-space:nowrap}
.calendar thead span{position:sticky;left:225px}
.calendar tr th:first-child{position:sticky;left:0;z-index:1;background:var(--card);text-align:left;white-space:nowrap;padding-right:10px;font-size:13px}
.calendar tbody th{color:var(--ink)}
.calendar tbody th small{display:block;font-size:11px}
.calendar td{min-width:15px;width:15px;height:20px;padding:0;text-align:center;border-radius:3px}
.s i{font-style:normal}
.s{font-weight:600;font-size:11px;line-height:20px}
.only-read{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.has-rejects{box-shadow:inset 0 -3px var(--rejects)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:6px 16px;margin:12px 0 0;padding:0;color:var(--soft);font-size:13px}
.legend .s{display:inline-block;width:18px;height:18px;line-height:18px;text-align:center;border-radius:3px;margin-right:3px;vertical-align:middle}
.loaded,.published{background:var(--loaded);color:var(--on-loaded)}
.waiting{background:var(--waiting);color:var(--on-waiting)}
.expected,.unchanged,.abandoned,.superseded{background:var(--expected);color:var(--on-expected)}
.loading,.running{background:var(--loading);color:var(--on-loading)}
.held{background:var(--held);color:var(--on-held)}
.failed{background:var(--failed);color:var(--on-failed)}
.lost{background:var(--lost);color:var(--on-lost)}
.list{width:100%;font-size:13.5px}
.list th,.list td{text-align:left;padding:5px 14px 5px 0;border-top:1px solid var(--line);white-space:nowrap;vertical-align:top}
.list thead th{border-top:0;color:var(--soft);font-weight:400;font-size:12.5px}
.list tbody th{font-weight:500}
.list tbody th small{display:block}
.list th.n,.list td.n{text-align:right}
.list td.text{white-space:normal;min-width:320px;color:var(--soft);overflow-wrap:anywhere}
.tag{border-radius:4px;padding:1px 7px;font-size:12px;font-weight:600}
.bad{color:var(--failed)}
.empty{margin:4px 0 0;color:var(--soft)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));gap:0 14px;align-items:start}
footer{color:var(--soft);font-size:13px;padding-bottom:24px}
@media (max-width:600px){header,main,footer{padding-left:10px;padding-right:10px}section{padding:12px 10px}
.facts{grid-template-columns:1fr 1fr}.calendar td{min-width:18px;width:18px;height:24px}.s{line-height:24px}
.calendar tr th:first-child{font-size:11.5px;padding-right:6px}}
`;

/** A check mark on the colour of a loaded day. */
export const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Crect width=%2216%22 height=%2216%22 rx=%223%22 fill=%22%231a7f4b%22/%3E%3Cpath d=%22M4 8.5l3 3 5-6%22 fill=%22none%22 stroke=%22white%22 stroke-width=%222%22/%3E%3C/svg%3E';
