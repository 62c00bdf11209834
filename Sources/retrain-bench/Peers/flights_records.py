"""The flights' features, and what a stream of predictions is worth."""

import numpy as np

NUMBERS = [
    "month", "day", "dow", "sched_dep_min", "sched_arr_min", "distance", "plane_age", "seats", "temp", "dewp", "humid",
    "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib",
]
CATEGORIES = ["month", "dow", "carrier", "flight", "tailnum", "origin", "dest", "manufacturer"]


def worth(predictions, labels):
    """{log_loss, auc}; NaN label: not counted."""
    p, y = np.asarray(predictions, np.float64), np.asarray(labels, np.float64)
    p, y = p[~np.isnan(y)], y[~np.isnan(y)]
    q = np.clip(p, 1e-15, 1 - 1e-15)
    loss = -np.mean(y * np.log(q) + (1 - y) * np.log1p(-q))
    # By ranks, equal predictions sharing theirs.
    _, place, count = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = y.sum()
    auc = (rank[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive))
    return {"log_loss": float(loss), "auc": float(auc)}
