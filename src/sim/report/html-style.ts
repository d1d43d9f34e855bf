/** The style of the page, for light and dark alike. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--back:light-dark(#fff,#14171a);--panel:light-dark(#f6f7f9,#1c2024);--text:light-dark(#1b1f24,#e6e8eb);
--muted:light-dark(#5f6a76,#98a2ad);--grid:light-dark(#e3e6ea,#2c3238);--link:light-dark(#1c63d6,#7fb0ff)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1280px;padding:24px 20px 60px;background:var(--back);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px}h3{font-size:15px;margin:20px 0 6px}
p,ul{margin:6px 0}ul{padding-left:20px;color:var(--muted);overflow-wrap:anywhere}.muted{color:var(--muted)}
pre{background:var(--panel);padding:10px 12px;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px;margin:10px 0}
.scroll{overflow-x:auto}
.figures{display:flex;flex-wrap:wrap;gap:8px 28px;align-items:flex-start}
figure{margin:8px 0;max-width:100%}figcaption{color:var(--muted);font-size:13px;max-width:70ch}
svg{display:block}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--text)}
svg .tick{font-size:11px;fill:var(--muted)}svg .head{font-weight:600}svg .value{fill:var(--muted);paint-order:stroke;stroke:var(--back);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--grid)}.axis{stroke:var(--muted)}
.mark{fill:var(--c);stroke:var(--back);stroke-width:.8}.bar{stroke:var(--c);stroke-width:2.2;stroke-linecap:round}
.line{stroke:var(--c);stroke-width:1.9;fill:none}.fill{fill:var(--c);opacity:.8}.whisker{stroke:var(--text);stroke-width:1.4}
.limit line{stroke:var(--muted);stroke-width:1.4;stroke-dasharray:4 3}
svg:has(.s:hover) .s:not(:hover){opacity:.2}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
thead th{font-weight:600;vertical-align:bottom;border-bottom-color:var(--muted)}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--back)}
tbody tr.bound td{color:var(--muted)}
td small{color:var(--muted);margin-left:6px}
button svg{display:inline-block;vertical-align:-2px;margin-right:6px}
.text{text-align:left}
.legend{position:sticky;top:0;z-index:1;background:var(--back);display:flex;flex-wrap:wrap;gap:4px 6px;padding:8px 0;margin:12px 0 0;
border-bottom:1px solid var(--grid)}
button,select{font:inherit;font-size:13px;color:inherit;background:var(--panel);border:1px solid var(--grid);border-radius:6px;padding:3px 9px;cursor:pointer}
button[aria-pressed=false]{opacity:.4}
.theme{float:right}
details{border-top:1px solid var(--grid);padding:4px 0}
summary{cursor:pointer;font-weight:600;font-size:16px;padding:8px 0}
[hidden]{display:none}
@media print{.legend,.theme,select{display:none}body{max-width:none}}
`

/** What the page can do beyond showing: hide arms, choose the figure of the overview, change between light and dark. */
export const PAGE_SCRIPT = `
for (const button of document.querySelectorAll('button[data-series]')) {
  button.addEventListener('click', () => {
    const isOff = document.body.classList.toggle('off-' + button.dataset.series)
    button.setAttribute('aria-pressed', String(!isOff))
  })
}
document.querySelector('#figure')?.addEventListener('change', (event) => {
  for (const part of document.querySelectorAll('[data-figure]')) part.hidden = part.dataset.figure !== event.target.value
})
document.querySelector('.theme')?.addEventListener('click', () => {
  const root = document.documentElement.style
  const isDark = root.colorScheme === 'dark' || (root.colorScheme === '' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.colorScheme = isDark ? 'light' : 'dark'
})
`
