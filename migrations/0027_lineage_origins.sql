-- Where a lineage goes on from. One without a row began from nothing, or before this was written down.
CREATE TABLE lineages (
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  number integer NOT NULL CHECK (number > 0),
  run integer NOT NULL CHECK (run >= 0),
  -- What it reads, as in checkpoint_progress.
  stream integer NOT NULL CHECK (stream > 0),
  kind text NOT NULL,
  -- Whose state it goes on with; null: a model without a past.
  origin bigint,
  -- Its own first checkpoint, which begins where the origin ends or further on; null: a worker saves it.
  first_checkpoint bigint,
  actor text NOT NULL,
  reason text NOT NULL,
  -- What it learns with otherwise than the file says, as long as the file says what it said then.
  overrides jsonb NOT NULL,
  -- What was left out of the stream before its first record, and where partitions go on, in words.
  summary text NOT NULL,
  -- By which a request that is repeated after a lost reply is known.
  batch text NOT NULL UNIQUE,
  begun_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline_id, number),
  FOREIGN KEY (pipeline_id, origin) REFERENCES checkpoints (pipeline_id, id),
  FOREIGN KEY (pipeline_id, first_checkpoint) REFERENCES checkpoints (pipeline_id, id)
);

-- Offsets of its stream that a lineage leaves out: they are counted as skipped.
CREATE TABLE lineage_skips (
  pipeline_id bigint NOT NULL,
  lineage integer NOT NULL,
  partition integer NOT NULL CHECK (partition >= 0),
  from_offset bigint NOT NULL CHECK (from_offset >= 0),
  next_offset bigint NOT NULL,
  PRIMARY KEY (pipeline_id, lineage, partition, from_offset),
  FOREIGN KEY (pipeline_id, lineage) REFERENCES lineages ON DELETE CASCADE,
  CHECK (next_offset > from_offset)
);

-- Streams that read one and the same topic: an offset of one is the same record in another. A stream without a row reads a
-- topic of its own.
CREATE TABLE stream_topics (
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  stream integer NOT NULL CHECK (stream >= 0),
  -- The first stream that read it.
  topic integer NOT NULL CHECK (topic >= 0),
  PRIMARY KEY (pipeline_id, stream)
);

-- Whose state this is, of the first checkpoint of a lineage that goes on from another's; null: it was learned.
ALTER TABLE checkpoints ADD COLUMN copy_of bigint;
-- A lineage may begin at a step that its run has had, before the next generation forms.
ALTER TABLE checkpoints DROP CONSTRAINT one_checkpoint_a_step;
ALTER TABLE checkpoints ADD CONSTRAINT one_checkpoint_a_step UNIQUE (pipeline_id, run, lineage, generation, step);

-- Which lineage a worker works on; null: an older program does not say. None of another is in a run's next generation.
ALTER TABLE members ADD COLUMN lineage integer;
