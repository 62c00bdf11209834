"""JAX learns W1 from a topic: one jitted function with donated buffers, which runs while the next batch is decoded."""

import sys

from step_jax import ACTIVATIONS, step_of

import jax
import jax.numpy as jnp

import kafka_batches

jax.config.update("jax_cpu_enable_async_dispatch", True)
SIZES = [(64, 256), (256, 128), (128, 1)]


def main(brokers, topic, records):
    step = step_of(ACTIVATIONS["relu"])

    def one_pass():
        keys = jax.random.split(jax.random.key(1), len(SIZES))
        parameters = [
            (jax.random.normal(key, size) * (2 / size[0]) ** 0.5, jnp.zeros(size[1]))
            for key, size in zip(keys, SIZES)
        ]
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)  # noqa: E731
        state = (parameters, zeros(), zeros(), jnp.float32(1), jnp.float32(1))
        for x, y in kafka_batches.batches(brokers, topic, records):
            state, _ = step(state, x, y)
        jax.block_until_ready(state)

    kafka_batches.serve(one_pass)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
