package cli

const labelsTopic = `A number from labels holds for the rows that have them. Where that depends on a decision, or labels
are read too early, a metric of labels has status no_labels, and nothing passes on it.

Labels of one decision only, as of loans that were granted, in data.test:
  decision     the column of what was decided of a row when its label arose
  decided      its value at which a row gets a label; 1 unless given. A label anywhere else is an
               error: nobody saw it. Where all rows were decided alike, the others were left out,
               and nothing is decided
  propensity   the column of the probability with which the row's decision was taken, as known then,
               above 0 and at most 1. Each label is then weighted by its inverse and speaks for all
               rows, for binary, multiclass, multilabel and regression, if every row that was
               decided so has a label, the rows tell as much as 50 of equal weight, none has more
               than a tenth of all weight, and the mean weight is 1 but for chance; on each slice
               too. Fairness counts rows, and cannot weight them
  Where labels are missing, what they depend on is looked for: the decision by Fisher's test, the
  score by that of Kolmogorov and Smirnov. It takes a distance of 0.1 and p below 0.005, and is told
  in weighlock evaluate --json evaluation, .evaluation.selection. Rows without a label stay in the
  test set: to leave them out hides the selection, and mends nothing.

Labels that are read too early, in data.test:
  time         the column that dates a row
  matures      how long its label can still change: 90d, 6w or 12h
  labelled     when the labels were read: 2026-06-30 (its first moment in UTC), or with a time
  A row that was younger counts as without label, whatever it holds: what had not happened may yet.

What other decisions would bring, from logged ones that were taken by chance; for every task:
  value_ips(reward,propensity,target)                   inverse propensity scoring
  value_snips(reward,propensity,target)                 the same, divided by the sum of the weights
  value_dr(reward,propensity,target,predicted,other)    doubly robust, between two decisions
  The predictions hold target, the probability with which the judged policy takes the decision that
  was logged. All else stands in data.test: what it brought (empty where target is 0), how probable
  it was, and what a reward model says of it and of the other decision. Overlap is asked for as
  above; without it the value is undefined, or rests on too few. The scorer does not see the reward.
`
