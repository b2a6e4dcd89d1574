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
			"preds.csv: 2 columns could be the true label: churned, complained\nhint: say which: --label churned, or --label complained"},
		{"two candidate scores", Options{}, "id,ill,p_cat,p_dog\na,0,0.1,0.9\nb,1,0.9,0.1\n",
			"preds.csv: 2 columns could be the score: p_cat, p_dog\nhint: say which: --score p_cat, or --score p_dog"},
		{"two candidate ids", Options{}, "user id,order_id,y,p\na,k,0,0.1\nb,l,1,0.9\n",
			"preds.csv: 2 columns could name the rows: \"user id\", order_id\nhint: say which: --id 'user id', or --id order_id"},
		{"an id missing", Options{}, "id,y,p\na,0,0.1\n,1,0.9\n" + rows(3, 30),
			"preds.csv: line 3, column id: no id here\nhint: mend the ids, or say --id none"},
		{"an id twice", Options{}, "id,y,p\n" + rows(1, 30) + "r7,1,0.5\n",
			"preds.csv: line 32, column id: id r7 names an earlier row too"},
		{"an id that was said and repeats", Options{ID: "city"}, "city,y,p\nUlm,0,0.1\nUlm,1,0.9\n",
			"preds.csv: line 3, column city: id Ulm names an earlier row too"},
		{"all scores NaN", Options{}, "id,y,p\na,0,NaN\nb,1,NaN\n", "column p has no number in it\nhint: score the rows again"},
		{"one score NaN", Options{}, "id,y,p\na,0,0.5\nb,1,NaN\n", "preds.csv: line 3, column p: no score here (1 of 2 rows have none)"},
		{"an infinite score", Options{}, "id,y,p\na,0,0.5\nb,1,inf\n", "column p: an infinite score cannot be judged"},
		{"a score of words", Options{}, "id,y,prediction\na,0,no\nb,1,yes\n", "preds.csv: line 2, column prediction: holds text, such as no, not scores\nhint: say which column is the score"},
		{"a score that is no probability", Options{}, "id,y,score\na,0,-2.5\nb,1,3\n",
			"preds.csv: line 2, column score: -2.5 is no probability\nhint: a binary model is judged on probabilities: raw scores of a logistic model become them with 1/(1+exp(-score))"},
		{"a score in percent", Options{}, "id,y,score\na,0,95.7\nb,1,3\n",
			"preds.csv: line 2, column score: 95.7 is no probability\nhint: a binary model is judged on probabilities: divide percentages by 100"},
		{"a score with a percent sign", Options{}, "id,y,score\na,0,0.5\nb,1,95.7%\nc,0,0.1\n",
			"preds.csv: line 3, column score: \"95.7%\" is no number, and 2 of 3 rows have one\nhint: write a share, 0.957"},
		{"a score with a comma", Options{}, "label,score\n0,0.25\n1,0.75\n0,\"0,5\"\n",
			"preds.csv: line 4, column score: \"0,5\" is no number, and 2 of 3 rows have one\nhint: write numbers with a point, 0.5 and not 0,5"},
		{"a score that is None", Options{}, "label,score\n0,0.25\n1,0.75\n0,None\n",
			"preds.csv: line 4, column score: None is no number, and 2 of 3 rows have one\nhint: if the value is missing, take the row out: a model must score"},
		{"a score that is a word among numbers", Options{}, "label,score\n0,0.25\n1,high\n0,0.75\n",
			"preds.csv: line 3, column score: high is no number, and 2 of 3 rows have one\nhint: write a number there"},
		{"a score without a telling name that is None", Options{}, "label,x\n0,0.25\n1,0.75\n0,None\n",
			"preds.csv: line 4, column x: None is no number"},
		{"a label that is NA", Options{}, "id,label,score\na,0,0.25\nb,1,0.75\nc,NA,0.5\n",
			"preds.csv: line 4, column label: is the label missing here? It is NA\nhint: leave out rows whose outcome is not known yet"},
		{"a label that is unknown, under a name that does not tell", Options{}, "id,ill,score\na,no,0.25\nb,yes,0.75\nc,?,0.5\nd,no,0.1\n",
			"preds.csv: line 4, column ill: is the label missing here? It is \"?\""},
		{"a number to predict with a unit", Options{}, "id,price,pred\na,1.5,1\nb,2.5,2\nc,3 EUR,3\n", "no column looks like the true label"},
		{"a number to predict with a unit, said", Options{Label: "price"}, "id,price,pred\na,1.5,1\nb,2.5,2\nc,3 EUR,3\n",
			"preds.csv: line 4, column price: \"3 EUR\" is no number, and 2 of 3 rows have one"},
		{"a label missing", Options{}, "id,y,p\na,0,0.5\nb,,0.7\nc,1,0.2\n", "preds.csv: line 3, column y: no label here (1 of 3 rows have none)"},
		{"one class", Options{}, "id,y,p\na,1,0.5\nb,1,0.7\n", "column y has one class only, 1 in all 2 rows: nothing can be told apart"},
		{"one number", Options{Task: "regression"}, "id,y,pred\na,5,0.5\nb,5,0.7\n", "column y is 5 in all 2 rows: there is nothing to explain"},
		{"several classes", Options{}, "id,species,pred\na,cat,0.1\nb,dog,0.2\nc,cow,0.3\n", "no column looks like the true label"},
		{"several classes, said", Options{Label: "species"}, "id,species,pred\na,cat,0.1\nb,dog,0.2\nc,cow,0.3\n",
			"preds.csv: column species has 3 classes, such as cow, and only models of two are guessed from a table" +
				"\nhint: write weighlock.yaml yourself, with task: multiclass, data.test.label: species, and the classes' probabilities in predictions.columns: {cat: p_cat, dog: p_dog}" +
				" or the decided class in predictions.decision; a first limit is spec.metrics: {mcc: {min: 0}}"},
		{"several classes with their probabilities", Options{}, probas,
			"preds.csv: column target has 3 classes, such as 0, and only models of two are guessed from a table\nhint: write weighlock.yaml yourself, with task: multiclass, data.test.label: target, "},
		{"one of several probabilities", Options{Score: "proba_0"}, probas, "column target has 3 classes, such as 0, and only models of two are guessed"},
		{"one of several probabilities and classes", Options{Score: "proba_1", Positive: "1"}, probas, "column target has 3 classes, such as 1, and only models of two are guessed"},
		{"one of several classes of whole numbers", Options{Score: "p", Positive: "7"}, "id,y,p\na,5,3.5\nb,6,0.9\nc,7,0.3\n", "column y has 3 classes, such as 7"},
		{"one of several probabilities as a regression", Options{Score: "proba_0", Task: "regression"}, probas, "column target has 3 classes, such as 0"},
		{"classes as numbers", Options{}, "id,y_true,y_pred\na,0,1\nb,1,1\nc,2,2\n", "numbers, or classes?\nhint: say --task regression if they are numbers, such as counts; if they stand for classes, write weighlock.yaml yourself, with task: multiclass, data.test.label: y_true"},
		{"a probability of something with many values", Options{}, "id,y,p\na,10.5,0.5\nb,20,0.7\nc,15,0.1\n", "is it the right pair?"},
		{"which class is positive", Options{}, "id,label,p\na,cat,0.5\nb,dog,0.7\n",
			"which value of label is p the probability of: cat and dog?\nhint: say which: --positive cat, or --positive dog"},
		{"a positive class that is not there", Options{Positive: "cow"}, "id,label,p\na,cat,0.5\nb,dog,0.7\n", "--positive cow: column label holds cat and dog"},
		{"a positive class of numbers", Options{Positive: "1"}, "id,y,pred\na,1.5,2.5\nb,2.5,3.5\nc,4,5\n", "a regression has no positive class"},
		{"a regression on words", Options{Task: "regression", Label: "label"}, "id,label,pred\na,cat,0.5\nb,dog,0.7\n", "a regression is judged on numbers"},
		{"a binary task of numbers", Options{Task: "binary"}, "id,y,p\na,1,0.5\nb,2,0.7\nc,3,0.1\n", "column y has 3 classes"},
		{"an unknown column", Options{Label: "yy"}, "id,y,p\na,1,0.5\nb,0,0.7\n", "no column \"yy\"; the columns are id, y, p"},
		{"one column for two roles", Options{Label: "p", Score: "p"}, "id,y,p\na,1,0.5\nb,0,0.7\n", "column p cannot be the score and something else"},
		{"a score that is the id too", Options{ID: "p", Score: "p"}, "y,p\n1,0.5\n0,0.7\n", "column p cannot be the score and something else"},
		{"a label that is the id too", Options{ID: "y", Label: "y"}, "y,p\n1,0.5\n0,0.7\n", "column y cannot be the label and something else"},
		{"an unknown task", Options{Task: "guess"}, "y,p\n1,0.5\n", "--task \"guess\" is unknown"},
		{"a ranking as a task", Options{Task: "ranking"}, "y,p\n1,0.5\n", "--task ranking is not guessed from a table, only binary and regression are\nhint: write weighlock.yaml yourself, with task: ranking, data.test.label and group, and predictions.column; a first limit is spec.metrics: {mrr: {min: 0.3}}"},
		{"several classes as a task", Options{Task: "multiclass"}, "y,p\n1,0.5\n", "--task multiclass is not guessed from a table, only binary and regression are\nhint: write weighlock.yaml yourself, with task: multiclass, data.test.label: LABEL, "},
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

// probas are the probabilities of three classes.
const probas = "id,target,proba_0,proba_1,proba_2\na,0,0.8,0.1,0.1\nb,1,0.2,0.7,0.1\nc,2,0.1,0.2,0.7\n"

// rows are n good rows, from number first on.
func rows(first, n int) string {
	var b strings.Builder
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, "r%d,%d,0.%d\n", i, i%2, i)
	}
	return b.String()
}

// TestAnswers are what is checked of an answer before the next question.
func TestAnswers(t *testing.T) {
	tab := read(t, []byte("id,diagnosis,p\na,benign,0.5\nb,malignant,0.7\n"))
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a value that the label has not": {CheckPositive(tab, "diagnosis", "score"), "no row has score in column diagnosis, which holds benign and malignant"},
		"a label that is not there":      {CheckPositive(tab, "outcome", "1"), `preds.csv: no column "outcome"; the columns are id, diagnosis, p`},
		"a value that the label has":     {CheckPositive(tab, "diagnosis", "benign"), "<nil>"},
		"a task":                         {CheckTask("bin"), `task "bin" is unknown; it may be binary or regression`},
		"a name":                         {CheckName("A b"), "name \"A b\" cannot name a model\nhint: use lower case letters, digits and single . _ - between them"},
	} {
		if got := fmt.Sprint(tt.err); got != tt.want {
			t.Errorf("%s: got %s; want %s", name, got, tt.want)
		}
	}
}

// TestHints shows what is said of columns that may be more than they are
// taken for.
func TestHints(t *testing.T) {
	g, err := infer(t, Options{}, []byte("patient,transaction,y,p\n7,100,0,0.25\n8,200,1,0.75\n9,300,1,0.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := "no column has a name and values that identify rows, so they are matched by order; " +
		"each row has its own value of patient, transaction, so if that is an id, say --id patient, or --id transaction"
	if g.ID.Value != "" || g.ID.Why != want {
		t.Errorf("got %q; want %q", g.ID.Why, want)
	}
	if g, err = infer(t, Options{Task: "regression"}, []byte("y_true,y_pred\n0,1\n1,1\n2,2\n1,2\n")); err != nil {
		t.Fatal(err)
	}
	want = "y_true holds 3 whole numbers only: if they stand for classes, a regression on them means nothing"
	if got := strings.Join(g.Warnings, "\n"); got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}
