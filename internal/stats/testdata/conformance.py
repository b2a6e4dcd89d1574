#!/usr/bin/python3
"""What scikit-learn and scipy make of samples and metrics.

Reads a JSON list of samples, each with its task and metrics, from standard
input. Writes, for each metric of each sample, [theirs, defined]: the number of
scikit-learn or scipy (null where they raise or give none), and whether the
metric's definition has one. Where neither library has the metric, or has it
without weights, theirs is a plain definition, written here for clearness and
not for speed.
"""
import bisect
import itertools
import json
import math
import sys
import warnings
from fractions import Fraction

import numpy as np
import scipy.optimize
import scipy.special
from sklearn import metrics as sk

warnings.simplefilter("ignore")
EPS = 2.0**-52


def attempt(f):
    try:
        v = float(f())
    except (ValueError, ZeroDivisionError, TypeError, IndexError):
        return None
    return v if math.isfinite(v) else None


def wmean(x, w):
    x, w = np.asarray(x, float), np.asarray(w, float)
    if w.sum() == 0:
        return None
    return math.fsum(w * x) / math.fsum(w)


def counts(y, d, w):
    y, d = np.asarray(y, bool), np.asarray(d, bool)
    f = lambda mask: math.fsum(w[mask])
    return f(y & d), f(~y & d), f(y & ~d), f(~y & ~d)


def keyed(args):
    return {k: float(v) for k, v in (a.split("=") for a in args)}


# Binary


def binary(c, base, args):
    y, s, w = np.array(c["positive"], bool), np.array(c["score"], float), c["w"]
    d = s >= c["threshold"]
    tp, fp, fn, tn = counts(y, d, w)
    n = tp + fp + fn + tn
    both = tp + fn > 0 and tn + fp > 0
    beta = float(args[0]) if base == "f_beta" else 1.0
    of_table = {
        "accuracy": (lambda: sk.accuracy_score(y, d, sample_weight=w), n > 0),
        "balanced_accuracy": (lambda: sk.balanced_accuracy_score(y, d, sample_weight=w), both),
        "precision": (lambda: sk.precision_score(y, d, sample_weight=w), tp + fp > 0),
        "recall": (lambda: sk.recall_score(y, d, sample_weight=w), tp + fn > 0),
        "specificity": (lambda: sk.recall_score(y, d, pos_label=False, sample_weight=w), tn + fp > 0),
        "fpr": (lambda: 1 - sk.recall_score(y, d, pos_label=False, sample_weight=w), tn + fp > 0),
        "selection_rate": (lambda: wmean(d, w), n > 0),
        "f1": (lambda: sk.f1_score(y, d, sample_weight=w), tp + fp + fn > 0),
        "f_beta": (lambda: sk.fbeta_score(y, d, beta=beta, sample_weight=w), tp + fp + fn > 0),
        "mcc": (lambda: sk.matthews_corrcoef(y, d, sample_weight=w), both and tp + fp > 0 and tn + fn > 0),
        "cohen_kappa": (
            lambda: sk.cohen_kappa_score(y, d, labels=[False, True], sample_weight=w),
            (tp + fn) * (tn + fn) + (tn + fp) * (tp + fp) > 0,
        ),
    }
    if base in of_table:
        f, defined = of_table[base]
        return attempt(f), defined
    if base in ("cost", "expected_value"):
        k = keyed(args)
        t = k.get("tp", 0) * tp + k["fp"] * fp + k["fn"] * fn + k.get("tn", 0) * tn
        return t / n, True
    positives = math.fsum(w[y])
    if base == "roc_auc":
        return attempt(lambda: sk.roc_auc_score(y, s, sample_weight=w)), both
    if base == "average_precision":
        return attempt(lambda: sk.average_precision_score(y, s, sample_weight=w)), positives > 0
    if base == "brier":
        return attempt(lambda: sk.brier_score_loss(y, s, sample_weight=w)), n > 0
    if base == "log_loss":
        return attempt(lambda: sk.log_loss(y, s, labels=[False, True], sample_weight=w, eps=EPS)), n > 0
    if base.endswith("_at"):
        v = at_top(base, float(args[0]), y, s, c["raw"])
        return v, v is not None
    if base.startswith("calibration"):
        v = recalibration(y, s, w)
        return (None, False) if v is None else (v[1 if base.endswith("slope") else 0], True)
    if base == "ece_count":
        return ece_count(y, s, w), n > 0
    return by_width(base, y, s, w), n > 0


def by_width(base, y, p, w):
    """Calibration errors and Murphy's parts, over ten bins of equal width."""
    bins = np.clip((p * 10).astype(int), 0, 9)
    n, rate = math.fsum(w), wmean(y, w)
    ece = mce = rel = res = 0.0
    for b in range(10):
        k = w * (bins == b)
        m = math.fsum(k)
        if m == 0:
            continue
        outcome, said = wmean(y, k), wmean(p, k)
        ece += m / n * abs(outcome - said)
        mce = max(mce, abs(outcome - said))
        rel += m / n * (outcome - said) ** 2
        res += m / n * (outcome - rate) ** 2
    return {
        "ece": ece, "mce": mce, "brier_reliability": rel, "brier_resolution": res,
        "brier_uncertainty": rate * (1 - rate),
    }[base]


def ece_count(y, p, w):
    """Over ten bins of equal weight; rows of one probability are one mass,
    spread over the bins that they lie in."""
    n, bins, start = math.fsum(w), [0.0] * 10, 0.0
    for v in sorted(set(p)):
        at = p == v
        m = math.fsum(w[at])
        if m == 0:
            continue
        surprise = (wmean(y[at], w[at]) - v) * m
        for b in range(10):
            inside = min(start + m, n * (b + 1) / 10) - max(start, n * b / 10)
            if inside > 0:
                bins[b] += surprise * inside / m
        start += m
    return math.fsum(map(abs, bins)) / n


def recalibration(y, p, w):
    keep = w > 0
    y, p, w = y[keep], p[keep], w[keep]
    w = w / w.max() if len(w) else w
    if len(p) == 0 or (p <= 0).any() or (p >= 1).any() or y.all() or not y.any():
        return None
    x = np.log(p) - np.log1p(-p)
    if not (x[~y].max() > x[y].min() and x[y].max() > x[~y].min()):
        return None
    centre, scale = x.mean(), x.std()
    z = (x - centre) / scale

    def gradient(ab):
        g = w * (y - scipy.special.expit(ab[0] + ab[1] * z))
        return [math.fsum(g), math.fsum(g * z)]

    def jacobian(ab):
        q = scipy.special.expit(ab[0] + ab[1] * z)
        h = w * q * (1 - q)
        return -np.array([[h.sum(), (h * z).sum()], [(h * z).sum(), (h * z * z).sum()]])

    def loss(ab):
        eta = ab[0] + ab[1] * z
        return math.fsum(w * (np.logaddexp(0, eta) - y * eta))

    start = scipy.optimize.minimize(loss, [0, 0], jac=lambda ab: -np.array(gradient(ab)), method="BFGS").x
    r = scipy.optimize.root(gradient, start, jac=jacobian, method="hybr", options={"xtol": 1e-14})
    a, b = r.x
    return a - b * centre / scale, b / scale


def at_top(base, k, y, s, w):
    n, positives = math.fsum(w), math.fsum(w[y])
    most = k if k >= 1 else k * n
    if most > n * (1 + 1e-12):
        return None
    found, left = 0.0, most
    for v in sorted(set(s), reverse=True):
        at = s == v
        m = math.fsum(w[at])
        if m == 0:
            continue
        found += math.fsum(w[at & y]) * min(m, left) / m
        left -= min(m, left)
    if base == "precision_at":
        return found / most
    if positives == 0:
        return None
    return found / most / (positives / n) if base == "lift_at" else found / positives


# Several classes


def multiclass(c, base, args):
    names = c["names"]
    y, w, k = np.array(c["label"]), c["w"], len(names)
    prob = np.array(c["prob"], float).reshape(len(y), k)
    d = prob.argmax(axis=1)
    labels = list(range(k))
    support = np.array([math.fsum(w[y == i]) for i in labels])
    decided = np.array([math.fsum(w[d == i]) for i in labels])
    if base == "accuracy":
        return attempt(lambda: sk.accuracy_score(y, d, sample_weight=w)), True
    if base == "balanced_accuracy":
        return attempt(lambda: sk.balanced_accuracy_score(y, d, sample_weight=w)), (support > 0).all()
    if base == "mcc":
        return attempt(lambda: sk.matthews_corrcoef(y, d, sample_weight=w)), (support > 0).sum() > 1 and (decided > 0).sum() > 1
    if base == "cohen_kappa":
        chance = support.sum() * decided.sum() - (support * decided).sum()
        alone = (support > 0).sum() == 1 and ((support > 0) == (decided > 0)).all()
        return attempt(lambda: sk.cohen_kappa_score(y, d, labels=labels, sample_weight=w)), chance > 0 and not alone
    if base == "log_loss":
        return attempt(lambda: sk.log_loss(y, prob, labels=labels, sample_weight=w, eps=EPS)), True
    if base == "brier":
        return wmean(((prob - np.eye(k)[y]) ** 2).sum(axis=1), w), True
    if base == "ece":
        return by_width("ece", d == y, prob.max(axis=1), w), True
    if base == "top_k_accuracy":
        return top_k(y, prob, int(args[0]), labels, w), True
    if base == "roc_auc":
        i = names.index(args[0])
        return attempt(lambda: sk.roc_auc_score(y == i, prob[:, i], sample_weight=w)), 0 < support[i] < support.sum()
    if base.startswith("roc_auc_ov"):
        return several_auc(y, prob, base.split("_")[2], base.split("_")[3], labels, support, w)
    if args and base in ("precision", "recall", "f1", "specificity"):
        i = names.index(args[0])
        return binary({"positive": y == i, "score": d == i, "threshold": 0.5, "w": w}, base, [])
    stem, average = base.rsplit("_", 1)
    beta = float(args[0]) if args else 1.0
    f = {
        "precision": lambda: sk.precision_score(y, d, labels=labels, average=average, sample_weight=w),
        "recall": lambda: sk.recall_score(y, d, labels=labels, average=average, sample_weight=w),
        "f1": lambda: sk.f1_score(y, d, labels=labels, average=average, sample_weight=w),
        "f_beta": lambda: sk.fbeta_score(y, d, beta=beta, labels=labels, average=average, sample_weight=w),
    }[stem]
    return attempt(f), averaged(stem, average, support, decided)


def averaged(stem, average, support, decided):
    """Whether all that have a part in an average have a value."""
    part = {"precision": decided, "recall": support}.get(stem, support + decided) > 0
    if average == "micro":
        return bool(part.any())
    return bool(part[support > 0].all() and (support > 0).any()) if average == "weighted" else bool(part.all())


def top_k(y, prob, n, labels, w):
    tie_free = all(len(set(row)) == len(row) for row in prob)
    if tie_free and n < len(labels):
        return attempt(lambda: sk.top_k_accuracy_score(y, prob, k=n, labels=labels, sample_weight=w))
    inside = [c in sorted(labels, key=lambda i: (-row[i], i))[:n] for c, row in zip(y, prob)]
    return wmean(inside, w)


def several_auc(y, prob, how, average, labels, support, w):
    auc = lambda at, i: attempt(lambda: sk.roc_auc_score(y[at] == i, prob[at, i], sample_weight=w[at]))
    if how == "ovr":
        parts = [(auc(y >= 0, i), support[i]) for i in labels]
    else:
        parts = []
        for a, b in itertools.combinations(labels, 2):
            at = (y == a) | (y == b)
            both = [auc(at, a), auc(at, b)]
            parts.append((None if None in both else sum(both) / 2, support[a] + support[b]))
    if average == "macro":
        parts = [(v, 1) for v, _ in parts]
    parts = [(v, m) for v, m in parts if m > 0]
    defined = bool(parts) and None not in [v for v, _ in parts]
    if how == "ovr" or (w == w[0]).all():
        weights = w if how == "ovr" else None
        theirs = attempt(lambda: sk.roc_auc_score(y, prob, multi_class=how, average=average, labels=labels, sample_weight=weights))
        return theirs, defined
    return (sum(v * m for v, m in parts) / sum(m for _, m in parts) if defined else None), defined


# Several labels


def multilabel(c, base, args):
    names, w = c["names"], c["w"]
    k = len(names)
    y = np.array(c["is"], bool).reshape(-1, k)
    s = np.array(c["score"], float).reshape(-1, k)
    d = s >= np.array(c["thresholds"] or [c["threshold"]] * k)
    support, decided = y.T @ w, d.T @ w
    if base == "subset_accuracy":
        return attempt(lambda: sk.accuracy_score(y, d, sample_weight=w)), True
    if base == "hamming_loss":
        return attempt(lambda: sk.hamming_loss(y, d, sample_weight=w)), True
    if base == "jaccard":
        return attempt(lambda: sk.jaccard_score(y, d, average="samples", sample_weight=w)), (y | d)[w > 0].any(axis=1).all()
    if args and not base.startswith("f_beta"):
        i = names.index(args[0])
        cut = c["thresholds"][i] if c["thresholds"] else c["threshold"]
        return binary({"positive": y[:, i], "score": s[:, i], "threshold": cut, "w": w}, base, [])
    stem, average = base.rsplit("_", 1)
    if stem in ("roc_auc", "average_precision"):
        f = sk.roc_auc_score if stem == "roc_auc" else sk.average_precision_score
        pos, neg = support, w.sum() - support
        if average == "micro":
            pos, neg = pos.sum(), neg.sum()
        varies = (pos > 1e-12 * w.sum()) & ((neg > 1e-12 * w.sum()) | (stem == "average_precision"))
        return attempt(lambda: f(y, s, average=average, sample_weight=w)), bool(np.all(varies))
    return multilabel_average(stem, average, y, d, w, support, decided, float(args[0]) if args else 1.0)


def multilabel_average(stem, average, y, d, w, support, decided, beta):
    f = {
        "precision": lambda: sk.precision_score(y, d, average=average, sample_weight=w),
        "recall": lambda: sk.recall_score(y, d, average=average, sample_weight=w),
        "f1": lambda: sk.f1_score(y, d, average=average, sample_weight=w),
        "f_beta": lambda: sk.fbeta_score(y, d, beta=beta, average=average, sample_weight=w),
    }[stem]
    if average == "samples":
        part = {"precision": d, "recall": y}.get(stem, y | d)
        return attempt(f), bool(part[w > 0].any(axis=1).all())
    return attempt(f), averaged(stem, average, support, decided)


# Numbers


def regression(c, base, args):
    y, p, w = np.array(c["label"], float), np.array(c["predicted"], float), c["w"]
    given = None if (w == 1).all() else w
    if base in ("interval_coverage", "interval_width"):
        low, high = (np.array(c["columns"][a], float) for a in args)
        return wmean(high - low if base == "interval_width" else (low <= y) & (y <= high), w), True
    if base == "mase":
        m = c["season"]
        scale = np.mean(np.abs(y[m:] - y[:-m]))
        return (wmean(np.abs(y - p) / scale, w), True) if scale > 0 else (None, False)
    if base == "bias":
        return wmean(p - y, w), True
    if base == "smape":
        parts = [0 if a == b == 0 else 2 * abs(a - b) / (abs(a) + abs(b)) for a, b in zip(y, p)]
        return wmean(parts, w), True
    if base == "mape":
        u = unit(y)
        return attempt(lambda: sk.mean_absolute_percentage_error(y / u, p / u, sample_weight=w)), (y[w > 0] != 0).all()
    if base == "r2":
        return attempt(lambda: sk.r2_score(y, p, sample_weight=given)), len(set(y[w > 0])) > 1
    if base == "median_ae":
        if given is None:
            return attempt(lambda: sk.median_absolute_error(y, p)), True
        return quantile(np.abs(p - y), "0.5", w), True
    f = {
        "mae": lambda: sk.mean_absolute_error(y, p, sample_weight=w),
        "mse": lambda: sk.mean_squared_error(y, p, sample_weight=w),
        "rmse": lambda: sk.mean_squared_error(y, p, sample_weight=w, squared=False),
        "pinball": lambda: sk.mean_pinball_loss(y, p, alpha=float(args[0]), sample_weight=w),
    }[base]
    return attempt(f), True


def quantile(x, q, w):
    """The least value up to which the weights sum to q of all, exactly, and
    the mean of it and the next where they sum to just that."""
    q, w = Fraction(q), [Fraction(v) for v in w]
    rows = sorted((v, k) for v, k in zip(x, w) if k > 0)
    sums = list(itertools.accumulate(k for _, k in rows))
    at = bisect.bisect_left(sums, q * sums[-1])
    if sums[at] == q * sums[-1]:
        return (rows[at][0] + rows[at + 1][0]) / 2
    return rows[at][0]


def column(c, base, args):
    x, w = np.array(c["columns"][args[0]], float), c["w"]
    if base == "quantile":
        if (w == 1).all():
            return attempt(lambda: np.quantile(x, float(args[1]), method="averaged_inverted_cdf")), True
        return quantile(x, args[1], w), True
    return attempt(lambda: np.average(x, weights=w)), True


# Rankings


def ranking(c, base, args):
    q, rel, s, w = np.array(c["query"]), np.array(c["relevance"], float), np.array(c["score"], float), c["w"]
    k = int(args[0]) if args else None
    values, weights = [], []
    for code in sorted(set(q)):
        at = q == code
        if not (rel[at] > 0).any() or w[at][0] == 0:
            continue
        weights.append(w[at][0])
        if base == "ndcg" and at.sum() == 1:  # scikit-learn refuses a single row
            values.append(1.0)
        elif base == "ndcg":
            values.append(sk.ndcg_score([rel[at]], [s[at]], k=k))
        else:
            values.append(over_orders(base, k, rel[at] > 0, s[at]))
    return (wmean(values, weights), True) if values else (None, False)


def over_orders(base, k, relevant, s):
    """The mean over all orders of the rows that do not contradict the scores."""
    groups = [[bool(r) for r, v in zip(relevant, s) if v == at] for at in sorted(set(s), reverse=True)]
    orders = itertools.product(*(set_of_orders(tuple(g)) for g in groups))
    values = [in_order(base, k, list(itertools.chain(*o))) for o in orders]
    return math.fsum(values) / len(values)


def set_of_orders(group):
    """Each order of a group's relevant and other rows once: all are alike
    likely."""
    n, r = len(group), sum(group)
    return [[i in at for i in range(n)] for at in itertools.combinations(range(n), r)]


def in_order(base, k, relevant):
    ranks = [i + 1 for i, r in enumerate(relevant) if r]
    if base == "mrr":
        return 1 / ranks[0]
    if base == "hit_rate":
        return float(ranks[0] <= k)
    return math.fsum((i + 1) / r for i, r in enumerate(ranks) if r <= k) / min(k, len(ranks))


def unit(x):
    """The power of two at the largest number. The libraries' own products
    would leave the range of numbers, or fall below an epsilon that is not
    relative."""
    return 2.0 ** math.floor(math.log2(np.abs(x).max()))


TASKS = {
    "binary": binary, "multiclass": multiclass, "multilabel": multilabel,
    "regression": regression, "forecasting": regression, "ranking": ranking,
}


def main():
    out = []
    for c in json.load(sys.stdin):
        rows = len(c["label"] or c["query"] or c["positive"] or [])
        if c["task"] == "multilabel":
            rows = len(c["is"]) // len(c["names"])
        c["raw"] = np.array(c["weight"] or [1.0] * rows, float)
        c["w"] = c["raw"] / unit(c["raw"])
        answers = []
        for m in c["metrics"]:
            f = column if m["base"] in ("mean", "rate", "quantile") else TASKS[c["task"]]
            value, defined = f(c, m["base"], m["args"] or [])
            answers.append([value, bool(defined)])
        out.append(answers)
    json.dump(out, sys.stdout)


main()
