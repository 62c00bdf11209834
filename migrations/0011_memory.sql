-- What the stream has said by key until then, apart from the weights: it is the lineage's, and no version's. Null: nothing is
-- remembered, or the state was pruned; then the digest alone stays.
ALTER TABLE checkpoints
  ADD COLUMN memory bytea,
  ADD COLUMN memory_sha256 bytea CHECK (octet_length(memory_sha256) = 32),
  ADD CHECK (memory IS NULL OR memory_sha256 IS NOT NULL);
-- Keys do not compress, as parameters do not.
ALTER TABLE checkpoints ALTER COLUMN memory SET STORAGE EXTERNAL;
