-- An incident may be something that goes on for a while, as a full disk: it is open until it is over.
ALTER TABLE incidents ADD COLUMN is_trouble boolean NOT NULL DEFAULT false;
ALTER TABLE incidents ADD COLUMN closed_at timestamptz;
CREATE UNIQUE INDEX one_open_trouble_a_kind ON incidents (pipeline_id, kind) WHERE is_trouble AND closed_at IS NULL;
