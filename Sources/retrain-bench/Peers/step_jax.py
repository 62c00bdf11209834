"""JAX's learning step: one jitted function with donated buffers; answers `workload.serve`'s questions."""

import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax  # noqa: E402: the environment comes first
import jax.numpy as jnp  # noqa: E402

import workload  # noqa: E402

# The caller waits for nothing either way; without the hand-over to another thread small steps are faster.
jax.config.update("jax_cpu_enable_async_dispatch", False)

RATE, BETA1, BETA2, EPSILON, LIMIT = 1e-3, 0.9, 0.999, 1e-8, 1.0

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=True),
    "swish": jax.nn.silu,
}


def step_of(activation):
    """One whole step: forward, loss, gradient, clipping by the global norm, Adam."""

    def loss(parameters, x, y):
        for weights, bias in parameters[:-1]:
            x = activation(x @ weights + bias)
        weights, bias = parameters[-1]
        z = (x @ weights + bias)[:, 0]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def step(state, x, y):
        parameters, mean, square, power1, power2 = state
        value, gradient = jax.value_and_grad(loss)(parameters, x, y)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(gradient)))
        scale = jnp.minimum(1.0, LIMIT / (norm + 1e-6))
        gradient = jax.tree.map(lambda g: g * scale, gradient)
        power1, power2 = power1 * BETA1, power2 * BETA2
        mean = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mean, gradient)
        square = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, square, gradient)
        rate = RATE / (1 - power1)
        root = jax.lax.rsqrt(1 - power2)
        parameters = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) * root + EPSILON), parameters, mean, square)
        return (parameters, mean, square, power1, power2), value

    return jax.jit(step, donate_argnums=0)


def main(net, rows, activation):
    data = [(jax.device_put(x), jax.device_put(y)) for x, _, y in workload.batches(net, rows)]
    keys = jax.random.split(jax.random.key(1), 8)
    parameters = [
        (jax.random.normal(key, size) * (2 / size[0]) ** 0.5, jnp.zeros(size[1]))
        for key, size in zip(keys, workload.layer_sizes(net))
    ]
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)  # noqa: E731
    state = (parameters, zeros(), zeros(), jnp.float32(1), jnp.float32(1))
    step = step_of(ACTIVATIONS[activation])
    position = 0

    def run(count):
        nonlocal state, position
        for _ in range(count):
            state, _ = step(state, *data[position % workload.BATCHES])
            position += 1

    workload.serve(run, lambda: jax.block_until_ready(state), rows)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
