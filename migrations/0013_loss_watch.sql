-- What watches the loss of each step, so that it goes on where it was; null: an older program wrote the checkpoint.
ALTER TABLE checkpoints ADD COLUMN loss_watch jsonb;
