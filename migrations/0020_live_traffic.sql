-- The versions that were stable last, which servers keep ready for a rollback: found without reading the others.
CREATE INDEX versions_kept_warm ON versions (pipeline_id, since DESC, number DESC)
  WHERE state = 'retired' AND was_stable AND NOT was_rolled_back;

-- What became of live requests beyond what the row says already. Of rows from before nothing more is known.
ALTER TABLE server_outputs
  ADD COLUMN errors bigint NOT NULL DEFAULT 0 CHECK (errors >= 0),
  -- Turned away because nothing was free to answer them.
  ADD COLUMN shed bigint NOT NULL DEFAULT 0 CHECK (shed >= 0),
  -- Answers by how long they took: counts by bucket, the last one for all that took longer.
  ADD COLUMN latency bigint[] NOT NULL DEFAULT '{}',
  -- Numbers that it computed beside the stable version's, and how far they were away from them, added up.
  ADD COLUMN shadow_outputs bigint NOT NULL DEFAULT 0 CHECK (shadow_outputs >= 0),
  ADD COLUMN shadow_difference finite_double NOT NULL DEFAULT 0 CHECK (shadow_difference >= 0),
  -- Requests that it failed at while the stable version answered them.
  ADD COLUMN shadow_failures bigint NOT NULL DEFAULT 0 CHECK (shadow_failures >= 0);

-- Those that served on watch and wait for being confirmed, the oldest first.
CREATE INDEX versions_to_confirm ON versions (pipeline_id, number)
  WHERE state = 'retired' AND was_stable AND NOT confirmed AND NOT was_rolled_back;
