-- What the layers' work took since the parent, on the clocks of the workers: no part of what they agree on, so in a column of its own.
ALTER TABLE checkpoints ADD COLUMN layer_costs bytea;
