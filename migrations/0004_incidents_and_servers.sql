-- What went wrong, and with which records.
CREATE TABLE incidents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  -- Given by whoever reports, so that a report repeated after a lost reply is one incident.
  key text NOT NULL,
  kind text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('notice', 'warning', 'error')),
  layer text,
  feature text,
  step bigint,
  details jsonb NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT one_incident_a_key UNIQUE (pipeline_id, key)
);

CREATE TABLE incident_records (
  incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
  place integer NOT NULL CHECK (place >= 0),
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  PRIMARY KEY (incident_id, place)
);

-- Processes that answer predictions.
CREATE TABLE servers (
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  id text NOT NULL CHECK (id <> ''),
  address text NOT NULL,
  port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
  -- The stable version it serves; null before the first.
  version bigint,
  requests bigint NOT NULL DEFAULT 0 CHECK (requests >= 0),
  failures bigint NOT NULL DEFAULT 0 CHECK (failures >= 0),
  non_finite bigint NOT NULL DEFAULT 0 CHECK (non_finite >= 0),
  started_at timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline_id, id)
);

-- Replies by version that were or would have been NaN or infinite: evidence for the judge.
CREATE TABLE server_outputs (
  pipeline_id bigint NOT NULL,
  server_id text NOT NULL,
  version bigint NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  non_finite bigint NOT NULL CHECK (non_finite >= 0),
  PRIMARY KEY (pipeline_id, server_id, version),
  FOREIGN KEY (pipeline_id, version) REFERENCES versions ON DELETE CASCADE
);
