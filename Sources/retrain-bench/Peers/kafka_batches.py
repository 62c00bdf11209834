"""Batches of decoded records from a topic, as a Python service reads them at its best."""

import itertools
import operator
import sys
import time
import uuid

import confluent_kafka
import numpy as np
import orjson

WIDTH, BATCH = 64, 256


def batches(brokers, topic, records):
    """Yields (x, y) until so many records have been read, all partitions from their first record on."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": brokers, "group.id": str(uuid.uuid4()), "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "check.crcs": False, "queued.min.messages": 1_000_000,
        "queued.max.messages.kbytes": 1_048_576, "fetch.message.max.bytes": 8 << 20, "fetch.queue.backoff.ms": 5,
    })
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([
        confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING) for p in partitions
    ])
    all_values = operator.itemgetter(*("f%02d" % k for k in range(WIDTH)), "y")
    value_of = confluent_kafka.Message.value
    flat = itertools.chain.from_iterable
    left = records
    while left > 0:
        # It waits for all it is asked for, so it is never asked for more than there is.
        messages = consumer.consume(min(BATCH, left), 10)
        if not messages:
            raise SystemExit("the topic has fewer records than were asked for")
        values = flat(map(all_values, map(orjson.loads, map(value_of, messages))))
        table = np.fromiter(values, np.float64, len(messages) * (WIDTH + 1)).reshape(-1, WIDTH + 1).astype(np.float32)
        left -= len(messages)
        yield table[:, :WIDTH], table[:, WIDTH]
    consumer.close()


def serve(one_pass):
    """Answers each line on standard input with the passes a second of one pass, as `contest.Contestant` asks."""
    one_pass()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        one_pass()
        print(1 / (time.perf_counter() - start), flush=True)
