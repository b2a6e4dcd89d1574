"""Train a small random forest on the Wisconsin breast-cancer data.

Without arguments: writes model.joblib and preds.csv beside this file.
With --check FILE: retrains, writes nothing, and ends with status 1 unless the
new model, and the committed one, predict what FILE says, to 1e-9.
"""

import argparse
import csv
import pathlib
import sys

import joblib
import sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

HERE = pathlib.Path(__file__).resolve().parent
HEADER = ["id", "malignant", "p_malignant", "mean_radius"]


def split():
    """Features, truth and row numbers, of the training and of the test rows."""
    data = load_breast_cancer()
    malignant = (data.target == 0).astype(int)
    rows = range(len(malignant))
    train, test = train_test_split(rows, test_size=200, random_state=7, stratify=malignant)
    return (data.data[train], malignant[train]), (data.data[test], malignant[test], test)


def fit(x, malignant):
    forest = RandomForestClassifier(n_estimators=40, max_depth=4, min_samples_leaf=3, random_state=7)
    return forest.fit(x, malignant)


def predictions(model, x, malignant, rows):
    """One line per test row, in the order of the data set."""
    scores = model.predict_proba(x)[:, 1]
    lines = zip(rows, malignant, scores, x[:, 0])
    return [(f"bc-{row:04d}", int(m), float(p), float(radius)) for row, m, p, radius in sorted(lines)]


def write(path, lines):
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(HEADER)
        out.writerows((i, m, f"{p:.12f}", f"{radius:g}") for i, m, p, radius in lines)


def read(path):
    with open(path, newline="") as f:
        return [(r["id"], int(r["malignant"]), float(r["p_malignant"]), float(r["mean_radius"])) for r in csv.DictReader(f)]


def difference(got, want):
    """The greatest difference of two scores; None where the rows are not the same."""
    if [(i, m) for i, m, *_ in got] != [(i, m) for i, m, *_ in want]:
        return None
    return max(abs(g[2] - w[2]) for g, w in zip(got, want))


def check(path, model, test):
    want = read(path)
    same = True
    for name, m in [("retrained", model), ("committed model.joblib", joblib.load(HERE / "model.joblib"))]:
        d = difference(predictions(m, *test), want)
        if d is None:
            print(f"{name}: other rows or labels than in {path}")
        else:
            print(f"{name}: {len(want)} predictions, greatest difference from {path}: {d:.1e}")
        same = same and d is not None and d <= 1e-9
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="FILE", help="compare with these predictions instead of writing")
    args = parser.parse_args()

    train, test = split()
    model = fit(*train)
    if args.check:
        if not check(args.check, model, test):
            sys.exit(f"the predictions were not reproduced (scikit-learn {sklearn.__version__})")
        return
    joblib.dump(model, HERE / "model.joblib")
    write(HERE / "preds.csv", predictions(model, *test))
    print(f"model.joblib and preds.csv: trained on {len(train[1])} rows, {len(test[1])} predictions (scikit-learn {sklearn.__version__})")


if __name__ == "__main__":
    main()
