-- What frozen versions lost on records that came after them, each against the one confirmed last; null: none was asked, or an
-- older program wrote the checkpoint.
ALTER TABLE checkpoints ADD COLUMN frozen_scores jsonb;
-- Whether a version's own weights were found as good as those of the one confirmed before it. What was stable until now was
-- confirmed as well as anybody could.
ALTER TABLE versions ADD COLUMN confirmed boolean NOT NULL DEFAULT false;
UPDATE versions SET confirmed = was_stable;
-- The few that are in play are found among however many.
CREATE INDEX versions_in_play ON versions (pipeline_id, number)
  WHERE state IN ('candidate', 'validated', 'canary', 'stable');
CREATE INDEX versions_to_return_to ON versions (pipeline_id, number DESC)
  WHERE state = 'retired' AND was_stable AND confirmed AND NOT was_rolled_back;
CREATE INDEX versions_rolled_back ON versions (pipeline_id, since DESC) WHERE state = 'rolled_back';
CREATE INDEX versions_confirmed ON versions (pipeline_id, since DESC) WHERE confirmed;
