-- Reproducible mode: whether a checkpoint's last step had less than a full share of each partition, as they had been drained:
-- from there on steps are dealt as from the start. Null: written before this was said.
ALTER TABLE checkpoints ADD COLUMN ends_short boolean;
-- Steps in a row that a rule with the action skip_step found sick, up to the checkpoint's own: whoever goes on from it skips no
-- more of them than whoever never stopped.
ALTER TABLE checkpoints ADD COLUMN sick_in_row integer NOT NULL DEFAULT 0 CHECK (sick_in_row >= 0);
-- What a rule of health had the learning rate multiplied by. Null: 1.
ALTER TABLE step_decisions ADD COLUMN rate_scale finite_double CHECK (rate_scale > 0);
-- Those with a ledger, the oldest first: which of them are old enough to lose it is asked all the time.
CREATE INDEX checkpoints_with_ledger ON checkpoints (pipeline_id, run, created_at) WHERE ledger_from <= step;
