-- What people said: nothing is promoted for a while.
CREATE TABLE freezes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  reason text NOT NULL CHECK (reason <> ''),
  person text NOT NULL CHECK (person <> ''),
  begun_at timestamptz NOT NULL DEFAULT now(),
  -- When it is over by itself; null: when somebody says so.
  until timestamptz,
  ended_at timestamptz,
  -- Null: its time had come, or it goes on.
  ended_by text,
  incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE
);
CREATE UNIQUE INDEX one_freeze_at_a_time ON freezes (pipeline_id) WHERE ended_at IS NULL;
CREATE INDEX freezes_by_incident ON freezes (incident_id);
