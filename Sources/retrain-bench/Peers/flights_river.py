"""River learns the flights test-then-train: standardised numbers, one-hot categories, logistic regression."""

import json
import sys
import time

import orjson
from river import compose, linear_model, preprocessing

from flights_records import CATEGORIES, NUMBERS, worth


def main(path, clock):
    model = (
        compose.SelectType(int, float) | preprocessing.StandardScaler()
    ) + (
        compose.SelectType(str) | preprocessing.OneHotEncoder()
    ) | linear_model.LogisticRegression()
    predictions, labels = [], []
    now = time.perf_counter if clock == "wall" else time.process_time
    start = now()
    with open(path, "rb") as file:
        for line in file:
            record = orjson.loads(line)
            features = record["x"]
            x = {name: features[name] for name in NUMBERS if name in features}
            for name in CATEGORIES:
                if name in features:
                    x[name + "_"] = str(features[name])
            predictions.append(model.predict_proba_one(x).get(True, 0.5))
            label = record["y"].get("late15")
            labels.append(float("nan") if label is None else label)
            if label is not None:
                model.learn_one(x, bool(label))
    seconds = now() - start
    print(json.dumps({"rate": len(labels) / seconds, **worth(predictions, labels)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
