-- What is done otherwise where the stream is learned once more for a layer that is sick: a setting, or dead units' biases set back.
ALTER TABLE retrain_wishes ADD COLUMN setting text;
ALTER TABLE retrain_wishes ADD COLUMN reset_bias text;
