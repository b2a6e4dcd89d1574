// Metrics of two classes by DuckDB, of all rows and by slice, as JSON. One
// query sums each bin of probability; what is made of the sums costs nothing.
//   node duckdb.mjs FILE.parquet [AREA] < /dev/null
// AREA is roc_auc, for the area under the curve of all rows too.
import { DuckDBInstance } from '@duckdb/node-api';

const [file, area] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create()).connect();
const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjects();

const sums = await rows(`
  with scored as (
    select a, b, c, y = 1 as positive, p, p >= 0.5 as yes, least(cast(floor(p * 10) as integer), 9) as bin,
      -ln(least(greatest(case when y = 1 then p else 1 - p end, 2.220446049250313e-16), 1 - 2.220446049250313e-16)) as loss,
      case when y = 1 then (1 - p) * (1 - p) else p * p end as square
    from '${file.replaceAll("'", "''")}')
  select a, b, c, bin, count(*)::double n, count(*) filter (positive and yes)::double tp, count(*) filter (not positive and yes)::double fp,
    count(*) filter (positive and not yes)::double fn, sum(loss) loss, sum(square) square,
    count(*) filter (positive)::double - sum(p) as off
  from scored group by grouping sets ((bin), (a, bin), (b, bin), (c, bin))`);

const groups = new Map();
for (const r of sums) {
  const name = ['a', 'b', 'c'].filter((k) => r[k] !== null).map((k) => `${k}=${r[k]}`)[0] ?? '';
  const g = groups.get(name) ?? { n: 0, tp: 0, fp: 0, fn: 0, loss: 0, square: 0, ece: 0, mce: 0 };
  for (const k of ['n', 'tp', 'fp', 'fn', 'loss', 'square']) g[k] += r[k];
  g.ece += Math.abs(r.off);
  g.mce = Math.max(g.mce, Math.abs(r.off) / r.n);
  groups.set(name, g);
}

const out = {};
for (const [name, { n, tp, fp, fn, loss, square, ece, mce }] of groups) {
  const tn = n - tp - fp - fn;
  const chance = ((tp + fn) * (tn + fn) + (tn + fp) * (tp + fp)) / n;
  out[name] = {
    accuracy: (tp + tn) / n, balanced_accuracy: (tp / (tp + fn) + tn / (tn + fp)) / 2, precision: tp / (tp + fp),
    recall: tp / (tp + fn), specificity: tn / (tn + fp), f1: 2 * tp / (2 * tp + fp + fn),
    mcc: (tp * tn - fp * fn) / Math.sqrt(tp + fp) / Math.sqrt(tp + fn) / Math.sqrt(tn + fp) / Math.sqrt(tn + fn),
    cohen_kappa: 1 - (fp + fn) / chance, selection_rate: (tp + fp) / n,
    log_loss: loss / n, brier: square / n, ece: ece / n, mce,
  };
}
if (area === 'roc_auc') {
  // By ranks, the mean rank for ties (Mann and Whitney 1947).
  const [r] = await rows(`
    with groups as (select p, count(*)::double n, count(*) filter (y = 1)::double k from '${file.replaceAll("'", "''")}' group by p),
    ranked as (select k, n, sum(n) over (order by p) - (n - 1) / 2 as place from groups)
    select (sum(k * place) - sum(k) * (sum(k) + 1) / 2) / (sum(k) * (sum(n) - sum(k))) as auc from ranked`);
  out[''].roc_auc = r.auc;
}
console.log(JSON.stringify(out));
