# Rows without labels in, predictions out: the logistic score of x by the
# weight and the bias in model.json.
set -eu
number() { sed "s/.*\"$1\": \([-0-9.]*\).*/\1/" model.json; }
exec awk -F, -v w="$(number weight)" -v b="$(number bias)" '
NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; print "id,score"; next }
{ printf "%s,%.6f\n", $c["id"], 1 / (1 + exp(-(w * $c["x"] + b))) }'
