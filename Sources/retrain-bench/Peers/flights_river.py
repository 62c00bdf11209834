"""River learns the flights test-then-train: standardised numbers, categories as ones, logistic regression.

Put together by hand, as fast as River can: its `OneHotEncoder` writes a zero for every value that it ever saw into every
record, ten thousand of them here, which its models read in turn. Left out they change no prediction.
"""

import json
import sys
import time

import orjson
from river import linear_model, preprocessing

from flights_records import CATEGORIES, NUMBERS, worth


def main(path, clock):
    scaler, model = preprocessing.StandardScaler(), linear_model.LogisticRegression()
    predictions, labels = [], []
    now = time.perf_counter if clock == "wall" else time.process_time
    start = now()
    with open(path, "rb") as file:
        for line in file:
            record = orjson.loads(line)
            features = record["x"]
            numbers = {name: features[name] for name in NUMBERS if name in features}
            scaler.learn_one(numbers)
            x = scaler.transform_one(numbers)
            for name in CATEGORIES:
                if name in features:
                    x[f"{name}={features[name]}"] = 1
            predictions.append(model.predict_proba_one(x).get(True, 0.5))
            label = record["y"].get("late15")
            labels.append(float("nan") if label is None else label)
            if label is not None:
                model.learn_one(x, bool(label))
    seconds = now() - start
    print(json.dumps({"rate": len(labels) / seconds, **worth(predictions, labels)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
