package cli

// examples is how a rule is given something to judge, as it stands in a
// project file.
var examples = map[string]string{
	"data/complete": `data:
  train: {file: train.csv, id: account, label: defaulted}
  test: {file: test.csv, id: account, label: defaulted, sha256: "…"}   # of sha256sum test.csv
`,
	"predictions/bound": `predictions:
  file: preds.csv
  column: p_default
  # Gets the rows without labels as CSV on standard input, writes id and score as CSV to
  # standard output.
  command: python score.py
  threshold: 0.5
`,
	"evaluation/metrics": `spec:
  metrics:
    roc_auc: {min: 0.76}     # shares are written 0.76, not 76; min, max or both
    recall: {min: 0.55}
    log_loss: {max: 0.45}

A binary model has accuracy, balanced_accuracy, precision, recall, specificity, fpr,
selection_rate, f1, mcc, roc_auc, average_precision, log_loss, brier and ece; a regression has
mae, rmse, mape, r2, bias and median_ae.
`,
	"evaluation/baseline": `spec:
  # At least this much better than the share of positives for everybody. A regression has
  # kind: constant, which is the mean label.
  baseline: {kind: prior, metric: roc_auc, gain: 0.02}
`,
	"evaluation/champion": `spec:
  # At most this much worse than the model that the verifier file names for the channel.
  champion: {channel: production, metric: log_loss, margin: 0.005}
`,
	"evaluation/slices": `spec:
  # By each region, and by age below 25, 25 to 40, 40 to 60, and from 60 on. max_gap is how far
  # a slice may fall behind the whole; min_rows counts the metric's own rows, such as the
  # positives for recall.
  slices: {by: [region, "age:25,40,60"], recall: {min: 0.50, max_gap: 0.10}, min_rows: 300}

"age:q4" is four bins of equal count, "as_of:month" a period (year, quarter, month, week, day or
hour), "region*sex" the crossing of two columns; order: 2 adds every crossing of two columns in
by. "age:25" is one edge, below and from 25 on. max_gap_best is how far a slice may fall behind
the best of its like.
`,
	"evaluation/fairness": `spec:
  # The greatest minus the least true positive rate over the groups is at most 0.08.
  fairness: {by: [sex], tpr_difference: {max: 0.08}, min_rows: 100}

There are selection_rate (demographic parity; its ratio is the disparate impact), tpr (equal
opportunity), fpr, ppv (predictive parity), for and equalized_odds, each with _difference and
_ratio, and calibration_difference. "sex*age:25,40" compares groups of both, "sex|income:q4" the
sexes within each stratum of income (conditional parity). reference: {sex: majority} holds the
other groups against one: its value, majority or best; without it every pair is compared.
`,
	"evaluation/explanations": `predictions:
  # Whoever is decided negative has a reason code in reasons.csv, of those that there are.
  explanations: {file: reasons.csv, codes: [reason_1, reason_2], catalogue: [R01, R02], for: negative}

for is all, positive or negative (by predictions.threshold). importances: {prefix: shap_}, written
instead of codes, asks for finite numbers that are not all 0, in columns named by the prefix and a
column of data.test. min: 0.99 lets one in a hundred go without. id is that of the predictions.
`,
	"drift/training_data": `spec:
  # Every column but id, time and label, unless columns: lists some. It needs data.train.
  drift: {method: psi, max: 0.2}
`,
}
