package starter

import (
	"fmt"
	"strings"
	"testing"
)

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options Options
		csv     string
		want    string
	}{
		{"no rows", Options{}, "id,y,p\n", "no rows\nhint: write one line per row"},
		{"no label column", Options{}, "id,p_ill,mean_radius\na,0.1,14.5\nb,0.9,20.25\nc,0.3,11\n",
			"no column looks like the true label; the columns are id, p_ill, mean_radius\nhint: say which with --label COLUMN"},
		{"no score column", Options{}, "id,y,mean_radius\na,0,14.5\nb,1,20.25\n",
			"no column looks like a score; the columns are id, y, mean_radius\nhint: say which with --score COLUMN"},
		{"two candidate labels", Options{}, "id,churned,complained,p\na,0,1,0.1\nb,1,1,0.9\nc,0,0,0.2\n",
			"preds.csv: 2 columns could be the true label: churned, complained\nhint: say which, as in --label churned"},
		{"two candidate scores", Options{}, "id,ill,p_cat,p_dog\na,0,0.1,0.9\nb,1,0.9,0.1\n",
			"preds.csv: 2 columns could be the score: p_cat, p_dog\nhint: say which, as in --score p_cat"},
		{"two candidate ids", Options{}, "user id,order_id,y,p\na,k,0,0.1\nb,l,1,0.9\n",
			"preds.csv: 2 columns could name the rows: \"user id\", order_id\nhint: say which, as in --id 'user id'"},
		{"an id missing", Options{}, "id,y,p\na,0,0.1\n,1,0.9\n" + rows(3, 30),
			"preds.csv: line 3, column id: no id here\nhint: mend the ids, or say --id none"},
		{"an id twice", Options{}, "id,y,p\n" + rows(1, 30) + "r7,1,0.5\n",
			"preds.csv: line 32, column id: id r7 names an earlier row too"},
		{"an id that was said and repeats", Options{ID: "city"}, "city,y,p\nUlm,0,0.1\nUlm,1,0.9\n",
			"preds.csv: line 3, column city: id Ulm names an earlier row too"},
		{"all scores NaN", Options{}, "id,y,p\na,0,NaN\nb,1,NaN\n", "column p has no number in it\nhint: score the rows again"},
		{"one score NaN", Options{}, "id,y,p\na,0,0.5\nb,1,NaN\n", "preds.csv: line 3, column p: no score here (1 of 2 rows have none)"},
		{"an infinite score", Options{}, "id,y,p\na,0,0.5\nb,1,inf\n", "column p: an infinite score cannot be judged"},
		{"a score of words", Options{}, "id,y,prediction\na,0,no\nb,1,yes\n", "column prediction holds text, not scores"},
		{"a score that is no probability", Options{}, "id,y,score\na,0,-2.5\nb,1,3\n",
			"preds.csv: line 2, column score: -2.5 is no probability\nhint: a binary model is judged on probabilities"},
		{"a label missing", Options{}, "id,y,p\na,0,0.5\nb,,0.7\nc,1,0.2\n", "preds.csv: line 3, column y: no label here (1 of 3 rows have none)"},
		{"one class", Options{}, "id,y,p\na,1,0.5\nb,1,0.7\n", "column y has one class only, 1 in all 2 rows: nothing can be told apart"},
		{"one number", Options{Task: "regression"}, "id,y,pred\na,5,0.5\nb,5,0.7\n", "column y is 5 in all 2 rows: there is nothing to explain"},
		{"several classes", Options{}, "id,species,pred\na,cat,0.1\nb,dog,0.2\nc,cow,0.3\n", "no column looks like the true label"},
		{"several classes, said", Options{Label: "species"}, "id,species,pred\na,cat,0.1\nb,dog,0.2\nc,cow,0.3\n",
			"preds.csv: column species has 3 classes: only binary and regression models are evaluated by this version\nhint: judge one class against the rest"},
		{"classes as numbers", Options{}, "id,y_true,y_pred\na,0,1\nb,1,1\nc,2,2\n", "numbers, or classes?\nhint: say --task regression"},
		{"a probability of something with many values", Options{}, "id,y,p\na,10,0.5\nb,20,0.7\nc,15,0.1\n", "is it the right pair?"},
		{"which class is positive", Options{}, "id,label,p\na,cat,0.5\nb,dog,0.7\n",
			"which value of label is p the probability of: cat and dog?\nhint: say which, as in --positive cat"},
		{"a positive class that is not there", Options{Positive: "cow"}, "id,label,p\na,cat,0.5\nb,dog,0.7\n", "--positive cow: column label holds cat and dog"},
		{"a positive class of numbers", Options{Positive: "1"}, "id,y,pred\na,1.5,2.5\nb,2.5,3.5\nc,4,5\n", "a regression has no positive class"},
		{"a regression on words", Options{Task: "regression", Label: "label"}, "id,label,pred\na,cat,0.5\nb,dog,0.7\n", "a regression is judged on numbers"},
		{"a binary task of numbers", Options{Task: "binary"}, "id,y,p\na,1,0.5\nb,2,0.7\nc,3,0.1\n", "column y has 3 classes"},
		{"an unknown column", Options{Label: "yy"}, "id,y,p\na,1,0.5\nb,0,0.7\n", "no column \"yy\"; the columns are id, y, p"},
		{"one column for two roles", Options{Label: "p", Score: "p"}, "id,y,p\na,1,0.5\nb,0,0.7\n", "column p cannot be the score and something else"},
		{"a score that is the id too", Options{ID: "p", Score: "p"}, "y,p\n1,0.5\n0,0.7\n", "column p cannot be the score and something else"},
		{"a label that is the id too", Options{ID: "y", Label: "y"}, "y,p\n1,0.5\n0,0.7\n", "column y cannot be the label and something else"},
		{"an unknown task", Options{Task: "guess"}, "y,p\n1,0.5\n", "--task \"guess\" is unknown"},
		{"a task of later versions", Options{Task: "ranking"}, "y,p\n1,0.5\n", "--task ranking: only binary and regression models are evaluated by this version"},
		{"a name that no repository can have", Options{Name: "My Model"}, "y,p\n1,0.5\n", "--name \"My Model\" cannot name a model\nhint: "},
		{"a model outside the folder", Options{Model: "../m.joblib"}, "y,p\n1,0.5\n", "\"../m.joblib\" is not inside the project's folder\nhint: "},
		{"an absolute path", Options{Model: "/m.joblib"}, "y,p\n1,0.5\n", "\"/m.joblib\" is not inside the project's folder\nhint: "},
		{"one file for both", Options{Model: "preds.csv"}, "y,p\n1,0.5\n", "preds.csv cannot be both the model and its predictions\nhint: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := infer(t, tt.options, []byte(tt.csv))
			if err == nil {
				t.Fatalf("got\n%s\nwant %q", g.YAML(), tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %q\nwant %q in it", err, tt.want)
			}
		})
	}
}

// rows are n good rows, from number first on.
func rows(first, n int) string {
	var b strings.Builder
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, "r%d,%d,0.%d\n", i, i%2, i)
	}
	return b.String()
}
