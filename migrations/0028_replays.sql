-- Runs beside the live one that learn the stream once more: what they were asked for, and how far they have come.
ALTER TABLE runs
  -- The YAML text that it learns by; null: the pipeline's.
  ADD COLUMN specification text,
  ADD COLUMN desired_state text NOT NULL DEFAULT 'running' CHECK (desired_state IN ('running', 'paused', 'stopped')),
  ADD COLUMN desired_workers integer NOT NULL DEFAULT 1 CHECK (desired_workers > 0),
  ADD COLUMN until text,
  ADD COLUMN halted text,
  -- By partition the offset behind the last record that is learned; null: whatever comes.
  ADD COLUMN ends jsonb,
  -- Whether it goes on from there until it has caught up with the live stream.
  ADD COLUMN follows boolean NOT NULL DEFAULT false,
  ADD COLUMN phase text NOT NULL DEFAULT 'replaying'
    CHECK (phase IN ('replaying', 'catching_up', 'done', 'stopped', 'failed')),
  -- What was asked for, by whom and why.
  ADD COLUMN wish text NOT NULL DEFAULT '',
  ADD COLUMN actor text NOT NULL DEFAULT '',
  ADD COLUMN reason text NOT NULL DEFAULT '',
  -- Records between where it began and its ends.
  ADD COLUMN records bigint NOT NULL DEFAULT 0 CHECK (records >= 0),
  -- What became of it.
  ADD COLUMN version bigint,
  ADD COLUMN outcome text,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN ended_at timestamptz;
CREATE UNIQUE INDEX one_unfinished_run ON runs (pipeline_id) WHERE ended_at IS NULL;
