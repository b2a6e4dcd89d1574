package cli

const scorerTopic = `predictions.command in the project file makes the predictions. weighlock run runs it once after
training; weighlock gate FOLDER and weighlock publish run it again where a rescoring is asked for.

What it gets, and what it gives:
  It is run by sh -c in the project's folder, where the model is. The rows of data.test, every
  column but the labels, come as CSV on standard input, and as a file that $WEIGHLOCK_ROWS names. It
  writes CSV with a header to standard output: predictions.id and every column that predictions and
  the metrics name, one finite number, or one decision, for each row that it got; without an id
  column, in their order. What it says on standard error is shown. Any status but 0 is no answer,
  and so is a row too few or too many. It may be given any part of the rows, so a score must depend
  on its row alone; for ranking it gets whole queries, and for forecasting whole series.

What bounds it, by predictions.limits:
  seconds      600 unless given    then it is ended, with all that it started
  memory_mib   4096 unless given   address space of each of its processes, not of all together;
                                   maps of files count too, so it is more than what they hold
  output_mib   1024 unless given   of standard output

Its environment is PATH, HOME, LANG, LC_ALL and TZ, what predictions.environment names, TMPDIR and
WEIGHLOCK_ROWS; never the signing password or keys. $TMPDIR is a folder of its own, which goes when
it ends. It should write nowhere else.

What it is kept from, on Linux where an ordinary user may make namespaces:
  It has no network, not even this machine's own. It cannot write into the project. At the paths of
  data.test.file and predictions.file it finds nothing, and processes outside are out of sight. It
  gets no rights by sudo or the like.
  That goes so far and no further: a copy of the labels in another file, or a hard link, is not
  known and can be read; so can a service that listens on a socket file be asked; and what the
  author knew when the command and the model were made may be in both. A rescoring shows that model
  and command give these scores for these rows, not that they never saw them.
  In containers that forbid namespaces, as many CI runners are, it can make no socket (on amd64 and
  arm64: only pairs of unnamed ones, for its own children), so it reaches no network and no socket
  file either; what it starts, also in a session of its own, is ended with it. The project is then
  writable, and the labels and other processes' files are in reach. Workers that talk by socket
  files, such as those of a torch DataLoader, do not start there: score in one process.
  Elsewhere, as on macOS, it runs with time, output and environment bounded as above, and a child
  that leaves its process group may outlive it. The statement says of each part what could be had
  and why not the rest, and predictions/rescored warns where the network or the labels were in
  reach.

Rescoring:
  weighlock gate --rescore 1000        so many rows, or all
  weighlock publish --rescore all REF
  verifier file  parameters: {rescore: {rows: 1000}}; a project may ask for more by
                 policy.parameters, never for less. Level regulated asks for it; where nobody says
                 how many rows, for all.
  Rows are drawn when it is asked for, by a seed that is an HMAC of image, test data and predictions
  under the id key: without that key nobody knows them before, so keep it where the gate runs, and
  out of the hands of those who train. Without an id key the seed is random.
  Every column that the evaluation measures by is compared, decisions as text. A column that is no
  two times the same, such as a time taken, disagrees. Two scores agree where they lie no further
  apart than the greater of absolute, and relative times the greater of the two:
  parameters.rescore_tolerance, {absolute: 0, relative: 1e-9, share: 0} unless the verifier file
  says otherwise. share is how many rows may disagree. The largest disagreements are listed by the
  pseudonym of the row. Where no column is named, and where a scorer dies, takes too long or gives
  no fit answer, the model is undecided. Where all agrees, the grade of the evaluation is rescored.
  A replay reads what was recorded, and runs nothing.

Sensitivity, by spec.sensitivity in the project file:
  - {column: income, change: "*1.1", flips: {max: 0.05}, shift: {max: 0.1}}
  - {column: age, change: "+5", direction: up, against: {max: 0.01}}
  Wherever a rescoring is asked for, the scorer is run once more for each entry, on the same rows,
  within the same limits, with one column changed: "*1.1" scales numbers, "+5" and "-5" shift them,
  missing leaves no value, permute deals the values out anew, swap takes the next of the column's
  values, "=north" puts one in every row. So the scorer must bear any value in such a column; where
  it gives no answer, that is an error.
  What it says is held against what it said of the unchanged rows in this run, over the rows whose
  value changed: flips is the share of decisions that change, shift the mean absolute change of the
  score, against the share of scores that move against direction by more than rescore_tolerance.
  predictions/sensitivity judges each by its interval; without a rescoring it is undecided. Columns
  are those that the scorer gets, for binary, multiclass, multilabel and regression, without weights
  and units. The results stand in the evaluation, so that a replay runs nothing here either.
`
