-- Where each role answers Prometheus, and which controllers there are: one of them decides, and people look for all.
ALTER TABLE servers ADD COLUMN metrics_address text;
CREATE TABLE controllers (
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  id text NOT NULL CHECK (id <> ''),
  -- Null: it answers nowhere.
  metrics_address text,
  started_at timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline_id, id)
);
