#!/usr/bin/python3
"""Writes the model files beside it: small real ones, as scikit-learn, joblib,
numpy and pickle save them. Needs Debian's python3-sklearn and python3-pandas."""

import collections
import os
import pickle

import joblib
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.ensemble import (GradientBoostingClassifier, HistGradientBoostingClassifier,
                              IsolationForest, RandomForestClassifier, VotingClassifier)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, SGDClassifier, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

os.chdir(os.path.dirname(os.path.abspath(__file__)))
X, y = make_classification(n_samples=120, n_features=6, random_state=0)
names = np.array(["row-%d" % (i % 5) for i in range(len(y))], dtype=object)

models = {
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
    "forest": RandomForestClassifier(n_estimators=5, max_depth=3, random_state=np.random.RandomState(0)),
    "boosting": GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0),
    "histogram-boosting": HistGradientBoostingClassifier(max_iter=3, max_depth=2, random_state=0),
    "pipeline": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    "calibrated": CalibratedClassifierCV(DecisionTreeClassifier(max_depth=2, random_state=0), cv=2, method="isotonic"),
    "svm": SVC(probability=True, random_state=0),
    "neighbours": KNeighborsClassifier(algorithm="kd_tree"),
    "bayes": GaussianNB(),
    "network": MLPClassifier((3,), max_iter=5, random_state=0),
    "sgd": SGDClassifier(loss="log_loss", random_state=0),
    "ridge": Ridge(),
    "search": GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
    "voting": VotingClassifier([("bayes", GaussianNB()), ("tree", DecisionTreeClassifier(max_depth=2))]),
    "isolation": IsolationForest(n_estimators=3, max_samples=16, random_state=0),
}
for name, model in models.items():
    joblib.dump(model.fit(X, y), name + ".joblib")

tree = models["tree"]
for protocol in range(6):
    with open("tree-protocol-%d.pkl" % protocol, "wb") as f:
        pickle.dump(tree, f, protocol=protocol)
joblib.dump(tree, "tree-zlib.joblib", compress=("zlib", 3))
joblib.dump(tree, "tree-gzip.joblib", compress=("gzip", 3))
joblib.dump(tree, "tree-bz2.joblib", compress=("bz2", 3))
joblib.dump(tree, "tree-xz.joblib", compress=("xz", 3))
joblib.dump(tree, "tree-lzma.joblib", compress=("lzma", 3))

table = ColumnTransformer([("numbers", StandardScaler(), [0, 1]), ("names", OneHotEncoder(handle_unknown="ignore"), [2])])
joblib.dump(table.fit(np.column_stack([X[:, :2].astype(object), names])), "columns.joblib")
joblib.dump(TfidfVectorizer().fit(["a small text", "another text"]), "text.joblib")
joblib.dump(IsotonicRegression().fit(X[:, 0], y), "isotonic.joblib")
joblib.dump({"objects": names, "numbers": np.arange(3), "order": np.asfortranarray(np.eye(3)), "date": np.datetime64("2024-01-01")}, "arrays.joblib")
joblib.dump(FunctionTransformer(os.path.join), "function.joblib")

with open("plain.pkl", "wb") as f:
    pickle.dump({"ordered": collections.OrderedDict(a=1), "set": {1, 2}, "complex": 1j, "bytes": bytearray(b"x"), "range": range(3)}, f)
with open("two.pkl", "wb") as f:
    pickle.dump([1], f)
    pickle.dump(tree, f)
np.save("numbers.npy", np.arange(6.0).reshape(2, 3))
np.save("objects.npy", names)
np.savez("arrays.npz", a=np.arange(3), b=np.eye(2))
np.savez_compressed("arrays-compressed.npz", a=np.arange(3))
try:
    import pandas as pd
    with open("frame.pkl", "wb") as f:
        pickle.dump(pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None], "c": pd.Categorical(["u", "v"])}), f)
    named = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 0.0, 1.0, 0.0]})  # a class of its module behind the names of columns
    joblib.dump(GaussianProcessClassifier().fit(named, [0, 0, 1, 1]), "named-columns.joblib")
except ImportError:
    print("no pandas: frame.pkl and named-columns.joblib are left as they are")
