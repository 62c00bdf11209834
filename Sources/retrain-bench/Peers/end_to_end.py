"""From Apache Kafka to an updated model against confluent-kafka, orjson, numpy and PyTorch or JAX: records a second.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    KAFKA_HOME=… python Sources/retrain-bench/Peers/end_to_end.py [--records 300000]

`retrain-bench` starts the broker (or uses RETRAIN_KAFKA_BROKERS) and fills a topic of four partitions with JSON records of
64 numbers. Then all sides read the topic in turn, from the first record to the last, each with one worker, and learn W1
(64 → 256 → 128 → 1, ReLU, binary cross-entropy, gradient norm clipped at 1, Adam) in batches of 256.
"""

import argparse
import json
import subprocess

import contest


class Product:
    """`retrain-bench end-to-end`, which runs once for each line it is sent."""

    def __init__(self, binary, records):
        self.process = subprocess.Popen(
            [binary, "end-to-end", "--serve", "yes", "--records", str(records)], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        answer = self.process.stdout.readline().split()
        if answer[:1] != ["ready"]:
            raise SystemExit("retrain-bench ended early")
        self.brokers, self.topic = answer[1:]

    def run(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=contest.PRODUCT, help="retrain-bench, built with -c release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=300_000)
    options = parser.parse_args()
    product = Product(options.binary, options.records)
    peers = [
        contest.peer(name, f"end_to_end_{name}.py", product.brokers, product.topic, options.records)
        for name in ("torch", "jax")
    ]
    contestants = {"retrain": product.run}
    for peer in peers:
        # One call is one pass over the topic.
        contestants[peer.name] = lambda peer=peer: options.records * peer.rate("wall", 0)
    values = contest.rounds(options.rounds, contestants)
    for side in (*peers, product):
        side.close()
    result = {
        "case": "W1, batch 256, 4 partitions", "unit": "records/s", "rounds": options.rounds,
        **contest.summary(values), "samples": {name: [round(v) for v in samples] for name, samples in values.items()},
    }
    print(json.dumps(result))
    print()
    contest.table(
        [{name: f"{result[name]:,.0f}" if not name.startswith("vs") else f"{result[name]:.2f}"
          for name in ("retrain", "torch", "jax", "vs_torch", "vs_jax")}],
        ["retrain", "torch", "jax", "vs_torch", "vs_jax"])


if __name__ == "__main__":
    main()
