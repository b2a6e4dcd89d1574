"""Metrics of two classes by scikit-learn, of all rows of two arrays in memory.

python3 sklearn_metrics.py LABELS.npy SCORES.npy [roc_auc]

Prints JSON: the values, the seconds that they took without reading, and the
version. ECE and MCE, which scikit-learn lacks, are numpy's own sums.
"""
import json
import sys
import time

import numpy as np
import sklearn
from sklearn import metrics

y, p = np.load(sys.argv[1]), np.load(sys.argv[2])
began = time.perf_counter()
yes = p >= 0.5
out = {
    "accuracy": metrics.accuracy_score(y, yes),
    "balanced_accuracy": metrics.balanced_accuracy_score(y, yes),
    "precision": metrics.precision_score(y, yes),
    "recall": metrics.recall_score(y, yes),
    "specificity": metrics.recall_score(y, yes, pos_label=0),
    "f1": metrics.f1_score(y, yes),
    "mcc": metrics.matthews_corrcoef(y, yes),
    "cohen_kappa": metrics.cohen_kappa_score(y, yes),
    "selection_rate": float(np.mean(yes)),
    "log_loss": metrics.log_loss(y, p),
    "brier": metrics.brier_score_loss(y, p),
}
bins = np.minimum((p * 10).astype(np.int64), 9)
count = np.bincount(bins, minlength=10)
off = np.abs(np.bincount(bins, weights=y - p, minlength=10))
out["ece"] = float(off.sum() / len(y))
out["mce"] = float(np.max(off[count > 0] / count[count > 0]))
if "roc_auc" in sys.argv[3:]:
    out["roc_auc"] = metrics.roc_auc_score(y, p)
took = time.perf_counter() - began
print(json.dumps({"values": {k: float(v) for k, v in out.items()}, "seconds": took, "version": sklearn.__version__}))
