package evidence

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	_ "modernc.org/sqlite" // the driver, in Go alone
)

// magic begins every SQLite file.
var magic = []byte("SQLite format 3\x00")

// isSQLite says whether a path is an SQLite file, by its first bytes.
func isSQLite(path string, info fs.FileInfo) (bool, error) {
	if !info.Mode().IsRegular() {
		return false, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return bytes.Equal(head[:n], magic), nil
}

// columns are what is read of MLflow's tables. A file that lacks one is of a
// form that we do not know.
var columns = map[string][]string{
	"alembic_version": {"version_num"},
	"runs":            {"run_uuid", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri"},
	"latest_metrics":  {"key", "value", "is_nan", "run_uuid"},
	"params":          {"key", "value", "run_uuid"},
	"tags":            {"key", "value", "run_uuid"},
	"datasets":        {"dataset_uuid", "name", "digest", "dataset_source"},
	"inputs":          {"input_uuid", "source_type", "source_id", "destination_type", "destination_id"},
	"input_tags":      {"input_uuid", "name", "value"},
}

// openSQLite opens a file that nobody writes to, for reading only. Pages that
// still lie in a journal beside it would be passed over, so these are refused.
func openSQLite(name string) (*sql.DB, error) {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(name + suffix); err == nil && info.Size() > 0 {
			return nil, unfit("%s is not empty: MLflow is writing, or was stopped while it wrote"+
				"\nhint: stop MLflow, and run: sqlite3 %s 'PRAGMA wal_checkpoint(TRUNCATE)'", filepath.Base(name)+suffix, filepath.Base(name))
		}
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	at := url.URL{Scheme: "file", Path: abs, RawQuery: "mode=ro&immutable=1&_pragma=trusted_schema(0)&_pragma=query_only(1)&_pragma=cell_size_check(1)"}
	return sql.Open("sqlite", at.String())
}

func readMLflowDB(ctx context.Context, o Options) (*Claim, error) {
	db, err := openSQLite(o.From)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	revision, err := checkTables(ctx, db)
	if err != nil {
		return nil, err
	}
	id, err := whichRun(ctx, db, o.Run)
	if err != nil {
		return nil, err
	}
	r, err := queryRun(ctx, db, id)
	if err != nil {
		return nil, err
	}
	c := newClaim("mlflow")
	c.Tool.Format = "SQLite, revision " + revision
	digest, size, err := hash(o.From)
	if err != nil {
		return nil, err
	}
	c.Read = append(c.Read, File{Path: shown(o.Root, o.From), Digest: digest, Size: size})
	return r.claim(o, c, localArtifacts(r.artifacts, filepath.Dir(o.From)))
}

// checkTables refuses a file whose tables are not MLflow's, and returns the
// revision that MLflow has noted in it.
func checkTables(ctx context.Context, db *sql.DB) (string, error) {
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		var kind string
		err := db.QueryRowContext(ctx, "SELECT type FROM sqlite_master WHERE name = ?", table).Scan(&kind)
		if errors.Is(err, sql.ErrNoRows) || err == nil && kind != "table" {
			return "", unfit("it has no table %s, so it is no MLflow file of a known form (MLflow 2.4 or later)", table)
		}
		if err != nil {
			return "", unfit("reading it: %w", err)
		}
		has, err := textPairs(ctx, db, "SELECT name, '' FROM pragma_table_info(?)", table)
		if err != nil {
			return "", err
		}
		for _, column := range columns[table] {
			if _, ok := has[column]; !ok {
				return "", unfit("table %s has no column %s, so it is no MLflow file of a known form", table, column)
			}
		}
	}
	revisions, err := textPairs(ctx, db, "SELECT version_num, '' FROM alembic_version")
	if err != nil {
		return "", err
	}
	if len(revisions) != 1 {
		return "", unfit("it notes %d schema revisions, not one: a migration was broken off", len(revisions))
	}
	return slices.Sorted(maps.Keys(revisions))[0], nil
}

// whichRun is the run that was asked for, or the only one that can be meant.
func whichRun(ctx context.Context, db *sql.DB, asked string) (string, error) {
	rows, err := db.QueryContext(ctx, `SELECT r.run_uuid, COALESCE(t.value, ''), r.lifecycle_stage = 'active', r.status = 'FINISHED', COALESCE(r.end_time, 0)
		FROM runs r LEFT JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = 'mlflow.runName'`)
	if err != nil {
		return "", unfit("reading runs: %w", err)
	}
	defer rows.Close()
	var runs []candidate
	for rows.Next() {
		var r candidate
		var active, finished sql.NullBool
		if err := rows.Scan(&r.id, &r.name, &active, &finished, &r.ended); err != nil {
			return "", unfit("reading runs: %w", err)
		}
		r.active, r.finished = active.Bool, finished.Bool
		runs = append(runs, r)
	}
	if rows.Err() != nil {
		return "", unfit("reading runs: %w", rows.Err())
	}
	r, err := choose(asked, runs)
	return r.id, err
}

func queryRun(ctx context.Context, db *sql.DB, id string) (*mlflowRun, error) {
	r := &mlflowRun{id: id}
	var status, stage, artifacts sql.NullString
	var start, end sql.NullInt64
	err := db.QueryRowContext(ctx, "SELECT status, lifecycle_stage, artifact_uri, start_time, end_time FROM runs WHERE run_uuid = ?", id).
		Scan(&status, &stage, &artifacts, &start, &end)
	if err != nil {
		return nil, unfit("run %s: %w", id, err)
	}
	r.status, r.stage, r.artifacts, r.started, r.ended = status.String, stage.String, artifacts.String, start.Int64, end.Int64
	if r.params, err = textPairs(ctx, db, "SELECT key, value FROM params WHERE run_uuid = ?", id); err != nil {
		return nil, err
	}
	if r.tags, err = textPairs(ctx, db, "SELECT key, value FROM tags WHERE run_uuid = ?", id); err != nil {
		return nil, err
	}
	if r.metrics, err = queryMetrics(ctx, db, id); err != nil {
		return nil, err
	}
	r.datasets, err = queryDatasets(ctx, db, id)
	return r, err
}

// queryMetrics reads the latest values. MLflow writes NaN as 0 with is_nan.
func queryMetrics(ctx context.Context, db *sql.DB, id string) (map[string]float64, error) {
	rows, err := db.QueryContext(ctx, "SELECT key, CASE WHEN is_nan THEN 'NaN' ELSE value END FROM latest_metrics WHERE run_uuid = ?", id)
	if err != nil {
		return nil, unfit("reading latest_metrics: %w", err)
	}
	defer rows.Close()
	out := map[string]float64{}
	for rows.Next() {
		var key string
		var value float64
		if err := rows.Scan(&key, &value); err != nil {
			return nil, unfit("reading latest_metrics: %w", err)
		}
		out[key] = value
	}
	return out, rows.Err()
}

func queryDatasets(ctx context.Context, db *sql.DB, id string) ([]mlflowDataset, error) {
	const query = `SELECT d.name, d.digest, d.dataset_source,
		COALESCE((SELECT t.value FROM input_tags t WHERE t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'), '')
		FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
		WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = ? ORDER BY d.name, d.digest`
	rows, err := db.QueryContext(ctx, query, id)
	if err != nil {
		return nil, unfit("reading datasets: %w", err)
	}
	defer rows.Close()
	var out []mlflowDataset
	for rows.Next() {
		var d mlflowDataset
		if err := rows.Scan(&d.name, &d.digest, &d.source, &d.context); err != nil {
			return nil, unfit("reading datasets: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// textPairs reads two columns of text, as keys and values.
func textPairs(ctx context.Context, db *sql.DB, query string, args ...any) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, unfit("reading it: %w", err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var key string
		var value sql.NullString
		if err := rows.Scan(&key, &value); err != nil {
			return nil, unfit("reading it: %w", err)
		}
		if len(key)+len(value.String) > maxText {
			return nil, unfit("%.40q holds more than %d bytes", key, maxText)
		}
		out[key] = value.String
	}
	if err := rows.Err(); err != nil {
		return nil, unfit("reading it: %w", err)
	}
	return out, nil
}
