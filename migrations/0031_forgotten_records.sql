-- Records that were forgotten: no lineage that begins after that learns them, wherever it begins. What a lineage leaves out beside,
-- as after a rewind, is its own, and of those that go on from it.
CREATE TABLE forgotten_records (
  pipeline_id bigint NOT NULL,
  -- Which was begun without them, and reads their topic.
  lineage integer NOT NULL,
  partition integer NOT NULL CHECK (partition >= 0),
  from_offset bigint NOT NULL CHECK (from_offset >= 0),
  next_offset bigint NOT NULL,
  PRIMARY KEY (pipeline_id, lineage, partition, from_offset),
  FOREIGN KEY (pipeline_id, lineage) REFERENCES lineages ON DELETE CASCADE,
  CHECK (next_offset > from_offset)
);
-- Nobody knows any more which of what these leave out was forgotten: all of it stays so.
INSERT INTO forgotten_records (pipeline_id, lineage, partition, from_offset, next_offset)
SELECT s.pipeline_id, s.lineage, s.partition, s.from_offset, s.next_offset FROM lineage_skips s
JOIN lineages l ON l.pipeline_id = s.pipeline_id AND l.number = s.lineage WHERE l.kind IN ('forget', 'anew');
