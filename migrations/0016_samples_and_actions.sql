-- Records of each window, drawn at random: what features, labels and predictions are held against.
CREATE TABLE row_samples (
  checkpoint_id bigint PRIMARY KEY REFERENCES checkpoints ON DELETE CASCADE,
  -- How many records it was drawn from.
  records bigint NOT NULL CHECK (records >= 0),
  sample bytea NOT NULL
);
-- How the version that serves answered the same records, step by step: what watches its loss goes on from a checkpoint.
ALTER TABLE checkpoints ADD COLUMN stable_watch jsonb;
-- What the learning rate is multiplied by, while a health rule has it lowered.
ALTER TABLE pipelines ADD COLUMN rate_scale finite_double NOT NULL DEFAULT 1 CHECK (rate_scale > 0 AND rate_scale <= 1);
-- A rule of health may fail for one layer or feature and later for another.
DROP INDEX one_open_trouble_a_kind;
CREATE UNIQUE INDEX one_open_trouble_a_kind_and_subject
  ON incidents (pipeline_id, kind, coalesce(layer, ''), coalesce(feature, '')) WHERE is_trouble AND closed_at IS NULL;
