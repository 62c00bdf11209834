-- When a version came to its share of the live traffic: a canary holds each of them for a while.
ALTER TABLE versions ADD COLUMN shared_since timestamptz NOT NULL DEFAULT now();
UPDATE versions SET shared_since = since;
-- What a canary was given by the decision; null: what its state says.
ALTER TABLE decisions ADD COLUMN share finite_double CHECK (share > 0 AND share <= 1);
