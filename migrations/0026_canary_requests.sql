-- How requests were dealt to the canary: it rises only where it was asked, and as often as it should be. Of what was before nothing is
-- known, so it counts from now on.
ALTER TABLE server_outputs
  -- Requests that fell to the version by the split, and that it answered or computed beside the stable one.
  ADD COLUMN live bigint NOT NULL DEFAULT 0 CHECK (live >= 0);
-- The same, of all servers together, when the version came to its share.
ALTER TABLE versions ADD COLUMN live_before bigint NOT NULL DEFAULT 0 CHECK (live_before >= 0);
-- At which canary's share a server deals requests now, and how many keys, and requests without one, either version has answered.
ALTER TABLE servers
  ADD COLUMN split_version bigint,
  ADD COLUMN split_share finite_double CHECK (split_share > 0 AND split_share <= 1),
  ADD COLUMN split_canary bigint NOT NULL DEFAULT 0 CHECK (split_canary >= 0),
  ADD COLUMN split_stable bigint NOT NULL DEFAULT 0 CHECK (split_stable >= 0);
