-- What the numbers of a model mean, once for all checkpoints that were learned under it.
CREATE TABLE contracts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  -- SHA-256 of the contract, in hexadecimal.
  fingerprint text NOT NULL CHECK (length(fingerprint) = 64),
  -- The canonical text, byte by byte: it is no jsonb, which would order it anew.
  contract text NOT NULL,
  -- The YAML text that first said so.
  specification text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT one_contract_a_fingerprint UNIQUE (pipeline_id, fingerprint)
);
-- Null: written before contracts were kept.
ALTER TABLE checkpoints ADD COLUMN contract_id bigint REFERENCES contracts;

-- A pipeline may begin anew, with a model of another meaning; versions of the lineages before go on serving.
ALTER TABLE pipelines ADD COLUMN lineage integer NOT NULL DEFAULT 0 CHECK (lineage >= 0);
ALTER TABLE checkpoints ADD COLUMN lineage integer NOT NULL DEFAULT 0 CHECK (lineage >= 0);

-- The digest of all that workers have to agree on; null: any goes.
ALTER TABLE pipelines ADD COLUMN work_fingerprint text;
ALTER TABLE members ADD COLUMN work_fingerprint text;
