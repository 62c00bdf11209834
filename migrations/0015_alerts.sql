-- Receivers of alerts, how it goes with each, and what each was told: whoever holds the controller's lease goes on from here.
CREATE TABLE alert_receivers (
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  -- As the pipeline file names it, or its host or program: nothing in it is secret.
  receiver text NOT NULL CHECK (receiver <> ''),
  -- What happened in a moment before is told, or not to be; of a new receiver that what was shortly before it came.
  moments_from timestamptz NOT NULL DEFAULT now() - interval '15 minutes',
  -- When it last took a message; null: never.
  sent_at timestamptz,
  -- A message may be on its way until then, and nobody else sends one.
  claimed_until timestamptz,
  -- Attempts since sent_at that failed, the first and the last of them, why, and what waits.
  failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  failing_since timestamptz,
  failed_at timestamptz,
  reason text,
  waiting bigint,
  PRIMARY KEY (pipeline_id, receiver)
);
CREATE TABLE alert_deliveries (
  pipeline_id bigint NOT NULL,
  receiver text NOT NULL,
  incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
  told_at timestamptz NOT NULL DEFAULT now(),
  -- When nothing more was to be told of it; null: its end is.
  settled_at timestamptz,
  PRIMARY KEY (pipeline_id, receiver, incident_id),
  FOREIGN KEY (pipeline_id, receiver) REFERENCES alert_receivers ON DELETE CASCADE
);
CREATE INDEX unsettled_alert_deliveries ON alert_deliveries (pipeline_id, receiver) WHERE settled_at IS NULL;
CREATE INDEX alert_deliveries_of_incident ON alert_deliveries (incident_id);
CREATE INDEX incidents_by_time ON incidents (pipeline_id, opened_at);
