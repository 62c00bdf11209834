-- From which step on every step of the window that a checkpoint ends is in its ledger; the one after its own: none is.
-- Null: written before this was said.
ALTER TABLE checkpoints ADD COLUMN ledger_from bigint CHECK (ledger_from >= 0);
