-- What became of live requests, added up over a few seconds a row: what objectives are held against.
CREATE TABLE serving_samples (
  pipeline_id bigint NOT NULL,
  at timestamptz NOT NULL,
  version bigint NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  failed bigint NOT NULL CHECK (failed >= 0),
  slow bigint NOT NULL CHECK (slow >= 0),
  PRIMARY KEY (pipeline_id, at, version),
  FOREIGN KEY (pipeline_id, version) REFERENCES versions ON DELETE CASCADE
);
CREATE INDEX serving_samples_by_version ON serving_samples (pipeline_id, version);
