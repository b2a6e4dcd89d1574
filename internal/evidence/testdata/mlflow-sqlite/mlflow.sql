-- The tables that are read, as MLflow's migrations make them, and one run.
-- mlflow.db was made from it by the sqlite3 of Python 3.11 (SQLite 3.40.1).
PRAGMA page_size = 512;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO alembic_version VALUES ('400f98739977');
CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256),
  lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), UNIQUE (name));
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), source_type VARCHAR(20), source_name VARCHAR(500),
  entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT, source_version VARCHAR(50),
  lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER, deleted_time BIGINT, CONSTRAINT run_pk PRIMARY KEY (run_uuid));
CREATE TABLE latest_metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT, step BIGINT NOT NULL,
  is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL, CONSTRAINT latest_metric_pk PRIMARY KEY (key, run_uuid));
CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL, CONSTRAINT param_pk PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL, CONSTRAINT tag_pk PRIMARY KEY (key, run_uuid));
CREATE TABLE datasets (dataset_uuid VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL, name VARCHAR(500) NOT NULL, digest VARCHAR(36) NOT NULL,
  dataset_source_type VARCHAR(36) NOT NULL, dataset_source TEXT NOT NULL, dataset_schema TEXT, dataset_profile TEXT,
  CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest));
CREATE TABLE inputs (input_uuid VARCHAR(36) NOT NULL, source_type VARCHAR(36) NOT NULL, source_id VARCHAR(36) NOT NULL,
  destination_type VARCHAR(36) NOT NULL, destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL,
  CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id));
CREATE TABLE input_tags (input_uuid VARCHAR(36) NOT NULL, name VARCHAR(255) NOT NULL, value VARCHAR(500) NOT NULL, CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name));
INSERT INTO experiments VALUES (1, 'churn', 'mlruns/1', 'active', 1763650000000, 1763650000000);
INSERT INTO runs VALUES ('fedcba9876543210fedcba9876543210', 'bold-wren-12', 'UNKNOWN', '', '', 'ada', 'FINISHED', 1763650000123, 1763650061999,
  '', 'active', 'mlruns/1/fedcba9876543210fedcba9876543210/artifacts', 1, NULL);
INSERT INTO runs VALUES ('00000000000000000000000000000bad', 'sad-owl-3', 'UNKNOWN', '', '', 'ada', 'FAILED', 1763640000123, 1763640061999,
  '', 'active', 'mlruns/1/00000000000000000000000000000bad/artifacts', 1, NULL);
INSERT INTO latest_metrics VALUES ('roc_auc', 0.95, 1763650060000, 1, 0, 'fedcba9876543210fedcba9876543210');
INSERT INTO latest_metrics VALUES ('loss', 0, 1763650060000, 1, 1, 'fedcba9876543210fedcba9876543210');
INSERT INTO latest_metrics VALUES ('roc_auc', 0.4, 1763640060000, 1, 0, '00000000000000000000000000000bad');
INSERT INTO params VALUES ('n_estimators', '100', 'fedcba9876543210fedcba9876543210');
INSERT INTO tags VALUES ('mlflow.source.name', '/home/ada/churn/train.py', 'fedcba9876543210fedcba9876543210');
INSERT INTO tags VALUES ('mlflow.source.git.commit', '4b825dc642cb6eb9a060e54bf8d69288fbee4904', 'fedcba9876543210fedcba9876543210');
INSERT INTO datasets VALUES ('d1', 1, 'wisconsin', '2afcc7ac', 's3', '{"uri": "s3://bucket/train.csv"}', '{}', '{"num_rows": 369}');
INSERT INTO inputs VALUES ('i1', 'DATASET', 'd1', 'RUN', 'fedcba9876543210fedcba9876543210', 0);
INSERT INTO input_tags VALUES ('i1', 'mlflow.data.context', 'training');
