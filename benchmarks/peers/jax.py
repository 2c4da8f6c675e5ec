"""JAX on the CPU: each expression jitted as one function of its inputs, compiled before the clock starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.case import Case
from benchmarks.peer import Library, Loop, parameters

# What tracing raises where a result's shape depends on values, or an input is no array: such calls are not jitted.
UNTRACEABLE = (jax.errors.ConcretizationTypeError, jax.errors.NonConcreteBooleanIndexError)


class Jax(Library):
    """A peer that compiles."""

    def as_numpy(self, result: Any) -> np.ndarray:
        """A result as a NumPy array."""
        return np.asarray(jax.block_until_ready(result))

    def loop(self, case: Case, variables: Mapping[str, Any]) -> Loop:
        """Calls the compiled function and waits for its result."""
        calculate = self.function(case, self.expression(case), variables)
        inputs = parameters(calculate)
        arguments = [variables[name] for name in inputs]
        if all(isinstance(argument, jax.Array) for argument in arguments):
            compiled = jax.jit(calculate)
            try:
                compiled(*arguments)
                calculate = compiled
            except UNTRACEABLE:
                pass
        call = f"calculate({', '.join(inputs)})"
        # The method of an array is quicker than the function for whole trees.
        call = f"{call}.block_until_ready()" if isinstance(calculate(*arguments), jax.Array) else f"wait({call})"
        return self.repeated(case, call, {**variables, "calculate": calculate, "wait": jax.block_until_ready})


def library() -> Library:
    """JAX with 64-bit numbers."""
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    # Its arrays are not writable, and what it creates is written when it is ready.
    return Jax("jax", jnp, jax.__version__, jnp.array, touch=lambda result: result, restless=0.004)
