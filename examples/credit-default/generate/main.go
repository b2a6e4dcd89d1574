// Command generate invents applications for credit, so that the example has
// data that belongs to nobody. Nothing in them was measured: every number is
// drawn from a seeded generator by the rules in draw.go, and the same seed
// gives the same bytes.
//
// It writes train.csv (the first 45,000 applications) and test.csv (the
// 15,000 that came after them) into the folder given with -out.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	trainRows = 45_000
	testRows  = 15_000
)

func main() {
	out := flag.String("out", ".", "folder to write train.csv and test.csv into")
	seed := flag.Uint64("seed", 1, "another seed gives other applicants from the same population")
	flag.Parse()
	if err := generate(*out, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "generate: %d synthetic applications to train on, %d to be judged on, seed %d\n", trainRows, testRows, *seed)
}

// generate draws all applications in the order of their dates, so that the
// test rows are later than the training rows, as they are in life.
func generate(dir string, seed uint64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	if err := write(filepath.Join(dir, "train.csv"), r, 0, trainRows); err != nil {
		return err
	}
	return write(filepath.Join(dir, "test.csv"), r, trainRows, testRows)
}

const header = "account,as_of,sex,age,region,income,debt_ratio,utilisation,late_payments,months_on_book," +
	"savings_months,bureau_late,bureau_enquiries,bureau_debt,defaulted\n"

// write draws rows applications and numbers them from first+1.
func write(path string, r *rand.Rand, first, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprint(w, header)
	for i := first; i < first+rows; i++ {
		fmt.Fprintf(w, "%s\n", line(i, draw(r)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// line renders application i. Numbers are rounded to a few decimals, so that
// processors that round the last bit differently still write the same bytes.
func line(i int, a application) []byte {
	first := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	day := first.AddDate(0, 0, i*730/(trainRows+testRows))

	b := fmt.Appendf(nil, "A%06d,%s,%s,%d,%s,", i+1, day.Format(time.DateOnly), a.sex, a.age, a.region)
	b = fmt.Appendf(b, "%.0f,%.3f,%.3f,%d,%d,%.1f,", a.income, a.debtRatio, a.utilisation, a.late, a.months, a.savings)
	if a.bureau { // no file: three empty cells
		b = strconv.AppendInt(b, int64(a.bureauLate), 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(a.bureauEnquiries), 10)
		b = append(b, ',')
		b = strconv.AppendFloat(b, a.bureauDebt, 'f', 3, 64)
	} else {
		b = append(b, ",,"...)
	}
	if a.defaulted {
		return append(b, ",1"...)
	}
	return append(b, ",0"...)
}
